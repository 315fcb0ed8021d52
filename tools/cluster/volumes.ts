/** The decisions of the default StorageClass's provisioner. Pure. */
import { join } from 'node:path';
import { z } from 'zod';

export const STORAGE_CLASS = 'local';
export const PROVISIONER = 'voucher.dev/local';

const CLAIM = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    storageClassName: z.string().optional(),
    volumeName: z.string().optional(),
    accessModes: z.array(z.string()).default(['ReadWriteOnce']),
    volumeMode: z.string().optional(),
    resources: z.object({ requests: z.object({ storage: z.string() }) }),
  }),
});
export type Claim = z.infer<typeof CLAIM>;
export const CLAIMS = z.object({ items: z.array(CLAIM) });

const VOLUME = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
  spec: z.object({ persistentVolumeReclaimPolicy: z.string().optional() }),
  status: z.object({ phase: z.string().optional() }).optional(),
});
export type Volume = z.infer<typeof VOLUME>;
export const VOLUMES = z.object({ items: z.array(VOLUME) });

const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** The scheduler sets the node when it places the claim's first pod (WaitForFirstConsumer). */
export const isToBeProvisioned = ({ metadata, spec }: Claim, node: string): boolean =>
  spec.storageClassName === STORAGE_CLASS &&
  spec.volumeName === undefined &&
  spec.volumeMode !== 'Block' &&
  metadata.deletionTimestamp === undefined &&
  metadata.annotations?.['volume.kubernetes.io/selected-node'] === node;

export const isToBeRemoved = ({ metadata, spec, status }: Volume): boolean =>
  metadata.annotations?.[PROVISIONED_BY] === PROVISIONER &&
  spec.persistentVolumeReclaimPolicy === 'Delete' &&
  (status?.phase === 'Released' || status?.phase === 'Failed');

/** Named after the claim's uid, so that a second creation is a conflict. */
export const volumeFor = ({ metadata, spec }: Claim, node: string, dir: string) => {
  const name = `pvc-${metadata.uid}`;
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      storageClassName: STORAGE_CLASS,
      persistentVolumeReclaimPolicy: 'Delete',
      accessModes: spec.accessModes,
      capacity: { storage: spec.resources.requests.storage },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      local: { path: join(dir, name) },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] },
      },
    },
  };
};

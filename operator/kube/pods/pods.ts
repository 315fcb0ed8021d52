/** Pods: which are ready, where their metrics are, and why one does not start. */
import { z } from 'zod';
import { PORTS } from '../../../contract/app-contract.ts';
import { defined } from '../../../contract/defined.ts';
import { hasAdminPort, isJob } from '../../../contract/jobs.ts';
import { LABELS } from '../../../contract/names.ts';
import { isTier } from '../../../contract/tiers.ts';
import { urlHost } from '../../../runtime/url-host.ts';
import type { ObservedPod } from '../../tick/cluster-view.ts';
import type { KubeMetadata, KubeObject } from '../objects.ts';
import { troubleSchema } from './pod-status.ts';
import { endedAtMs, isLost, type PodTrouble, podTrouble } from './pod-trouble.ts';

export interface PodRecord {
  readonly metadata: Pick<KubeMetadata, 'name' | 'namespace' | 'uid' | 'resourceVersion'>;
  /** `vouchers/chengdu`; undefined for a pod without a campaign's label. */
  readonly campaignKey: string | undefined;
  readonly observed: ObservedPod;
  readonly isTerminating: boolean;
  /** It has run to its end on the node, or was evicted. */
  readonly isOver: boolean;
  readonly endedAtMs: number | undefined;
  /** Why it does not become Ready; undefined: it is, or may be soon. */
  readonly trouble: PodTrouble | undefined;
  readonly nodeName: string | undefined;
  /** Sum over its containers. Quantities as written: `500m`, `160Mi`. */
  readonly requests: readonly { readonly cpu: string; readonly memory: string }[];
}

const podSchema = z.object({
  spec: z.object({
    containers: z.array(
      z.object({
        resources: z.object({ requests: z.record(z.string(), z.string()).default({}) }).default({ requests: {} }),
      }),
    ),
  }),
  status: z.object({ podIP: z.string().optional() }).default({}),
});

const atMs = (text: string | null | undefined): number | undefined => (text ? Date.parse(text) : undefined);

/** Where a pod's metrics page and probes are. */
export type AdminUrlOf = (pod: { readonly namespace: string; readonly name: string; readonly ip: string }) => string;

const atItsAddress: AdminUrlOf = ({ ip }) => `http://${urlHost(ip)}:${PORTS.admin}`;

/** Through the API server's proxy, for an operator outside the pods' network: it needs `get` on `pods/proxy`. */
export const adminUrlThrough =
  (server: string): AdminUrlOf =>
  ({ namespace, name }) =>
    `${server}/api/v1/namespaces/${namespace}/pods/${name}:${PORTS.admin}/proxy`;

/** @throws Error for a pod of no tier, and of no Job that is watched: without its label it does not count */
export const keepPod = (object: KubeObject, adminUrlOf: AdminUrlOf = atItsAddress): PodRecord => {
  const { name, namespace, uid, resourceVersion, labels = {}, creationTimestamp, deletionTimestamp } = object.metadata;
  const { spec, status } = podSchema.parse(object);
  const inTrouble = troubleSchema.parse(object);
  const tier = labels[LABELS.component];
  if (!(isTier(tier) || isJob(tier)) || !hasAdminPort(tier))
    throw new Error(`pod ${namespace}/${name} has no tier in its label ${LABELS.component}`);
  const ready = inTrouble.status.conditions.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  const readyAtMs = isReady ? atMs(ready.lastTransitionTime) : undefined;
  const createdAtMs = atMs(creationTimestamp) ?? 0;
  const trouble = podTrouble(inTrouble, { createdAtMs, endsAtMs: atMs(deletionTimestamp) });
  const isOver = inTrouble.status.phase === 'Succeeded' || inTrouble.status.phase === 'Failed';
  return {
    metadata: { name, namespace, uid, resourceVersion },
    campaignKey: labels[LABELS.campaign] === undefined ? undefined : `${namespace}/${labels[LABELS.campaign]}`,
    observed: {
      name,
      tier,
      ready: isReady,
      createdAtMs,
      ...defined({ readyAtMs }),
      ...(!isOver && isLost(inTrouble) ? { isLost: true } : {}),
      ...(status.podIP ? { adminUrl: adminUrlOf({ namespace, name, ip: status.podIP }) } : {}),
    },
    isTerminating: deletionTimestamp !== undefined,
    isOver,
    endedAtMs: isOver ? endedAtMs(inTrouble, createdAtMs) : undefined,
    trouble,
    nodeName: inTrouble.spec.nodeName,
    requests: spec.containers.map(({ resources: { requests } }) => ({
      cpu: requests['cpu'] ?? '0',
      memory: requests['memory'] ?? '0',
    })),
  };
};

/** Whether a tick could decide or report something else because of it. */
export const isPodNews = (before: PodRecord, after: PodRecord): boolean =>
  before.observed.ready !== after.observed.ready ||
  before.observed.adminUrl !== after.observed.adminUrl ||
  before.isTerminating !== after.isTerminating ||
  before.isOver !== after.isOver ||
  before.observed.isLost !== after.observed.isLost ||
  before.trouble?.kind !== after.trouble?.kind ||
  before.trouble?.reason !== after.trouble?.reason;

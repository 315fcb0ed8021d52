import type { Job, JobSpec } from 'kubernetes-types/batch/v1.js';
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { ENV } from '../../contract/app-contract.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';
import type { ExclusionOrder } from '../../contract/decisions/exclusion.ts';
import { isWatchedJob, type JobName, keptSecondsOf } from '../../contract/jobs.ts';
import { dataPlaneSecretName, jobName } from '../../contract/names.ts';
import type { ReconcileOrder } from '../../contract/outside/reconcile.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions } from './build-options.ts';
import type { Manifest } from './manifest.ts';
import { campaignLabels, ownedMetadata, unwatchedLabels } from './metadata.ts';
import { ADMIN_PORT, podMetadataOf, podSpecOf } from './pod.ts';

/** 10 s, 20 s, 40 s, … apart: about ten minutes, longer than any election or rotation. */
const BACKOFF_LIMIT = 6;
/** 20 million people take ten minutes on half a core. A pod that hangs is replaced by the next Job. */
const ACTIVE_DEADLINE_SECONDS = 3_600;
/** Kubernetes 1.25 and later; kubernetes-types is older. */
interface FailurePolicy {
  readonly podFailurePolicy: {
    readonly rules: readonly {
      readonly action: 'Ignore';
      readonly onPodConditions: readonly { readonly type: string; readonly status: 'True' }[];
    }[];
  };
}

const SPEC: Omit<JobSpec, 'template'> & FailurePolicy = {
  backoffLimit: BACKOFF_LIMIT,
  // A drained node or an eviction says nothing about the work.
  podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
};

const specOf = (job: JobName): Omit<JobSpec, 'template'> => {
  // Then the cluster deletes it, and the operator creates it again for as long as there is work.
  const spec = { ...SPEC, ttlSecondsAfterFinished: keptSecondsOf(job) };
  return isWatchedJob(job) ? spec : { ...spec, activeDeadlineSeconds: ACTIVE_DEADLINE_SECONDS };
};

/** A run of a Job. */
interface JobRun {
  readonly job: JobName;
  readonly run?: string | undefined;
  readonly order?: DrawOrder | undefined;
  /** Of the Job `books`. */
  readonly reconcile?: ReconcileOrder | undefined;
  /** Of the Job `exclude`: the order, and Secrets of the earlier campaign. */
  readonly exclusion?:
    | { readonly order: ExclusionOrder; readonly privacySecret: string; readonly dataPlaneSecret: string }
    | undefined;
}

const BUNDLE = { name: 'bundle', mountPath: '/var/voucher/bundle' } as const;
const BUNDLE_KEYS = { name: 'bundle-keys', mountPath: '/etc/voucher/bundle-keys' } as const;

/** The kubelet makes `$$` and `$(NAME)` of a variable's value something else, and a description in the commitment would be another one. */
const unexpanded = (json: string): string => json.replaceAll('$', String.raw`\u0024`);

/** The order of the draw, and where its files go. */
const withDraw = ({ spec: { draw } }: VoucherCampaign, order: DrawOrder | undefined, pod: PodSpec): PodSpec => {
  if (order === undefined) return pod;
  const { bundleClaim: claimName, bundleStore: store } = draw;
  const claims = claimName === undefined ? [] : [{ name: BUNDLE.name, persistentVolumeClaim: { claimName } }];
  const keys =
    store === undefined
      ? []
      : [{ name: BUNDLE_KEYS.name, secret: { secretName: store.secretName, defaultMode: 0o440 } }];
  const volumes = [...claims, ...keys];
  const env = [
    { name: ENV.drawOrder, value: unexpanded(JSON.stringify(order)) },
    ...claims.map(() => ({ name: ENV.bundleDir, value: BUNDLE.mountPath })),
    ...(store === undefined
      ? []
      : [
          { name: ENV.bundleStore, value: unexpanded(JSON.stringify(store)) },
          { name: ENV.bundleKeysDir, value: BUNDLE_KEYS.mountPath },
        ]),
  ];
  const mounts = [...claims.map(() => ({ ...BUNDLE })), ...keys.map(() => ({ ...BUNDLE_KEYS, readOnly: true }))];
  return {
    ...pod,
    containers: pod.containers.map((container) => ({
      ...container,
      env: [...(container.env ?? []), ...env],
      volumeMounts: [...(container.volumeMounts ?? []), ...mounts],
    })),
    volumes: [...(pod.volumes ?? []), ...volumes],
  };
};

/** Mounts of the earlier campaign: all keys of its privacy Secret, and its own account of this Job. */
const withExclusion = (exclusion: JobRun['exclusion'], pod: PodSpec): PodSpec => {
  if (exclusion === undefined) return pod;
  const { order, privacySecret, dataPlaneSecret } = exclusion;
  const mounts = [
    { name: 'earlier-privacy', variable: ENV.earlierPrivacyDir, secretName: privacySecret },
    {
      name: 'earlier-data-plane',
      variable: ENV.earlierDataPlaneDir,
      secretName: dataPlaneSecretName(dataPlaneSecret, 'exclude'),
    },
  ].map((one) => ({ ...one, mountPath: `/etc/voucher/${one.name}` }));
  return {
    ...pod,
    containers: pod.containers.map((container) => ({
      ...container,
      env: [
        ...(container.env ?? []),
        { name: ENV.exclusionOrder, value: unexpanded(JSON.stringify(order)) },
        ...mounts.map(({ variable, mountPath }) => ({ name: variable, value: mountPath })),
      ],
      volumeMounts: [
        ...(container.volumeMounts ?? []),
        ...mounts.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
      ],
    })),
    volumes: [
      ...(pod.volumes ?? []),
      ...mounts.map(({ name, secretName }) => ({ name, secret: { secretName, defaultMode: 0o440 } })),
    ],
  };
};

const withReconcile = (order: ReconcileOrder | undefined, pod: PodSpec): PodSpec => {
  if (order === undefined) return pod;
  const env = [{ name: ENV.reconcileOrder, value: unexpanded(JSON.stringify(order)) }];
  return {
    ...pod,
    containers: pod.containers.map((container) => ({ ...container, env: [...(container.env ?? []), ...env] })),
  };
};

/**
 * Created once, by POST, and never applied: a Job's pod template can't be changed, so that an apply by another release would fail for
 * as long as the Job is there. Its pods need no probes: they end by themselves.
 *
 * One that runs as long as its campaign has no deadline, and its pods are watched: the operator reads their metrics pages.
 */
export const buildJob = (
  campaign: VoucherCampaign,
  { job, run, order, reconcile, exclusion }: JobRun,
  options: BuildOptions,
): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: ownedMetadata(campaign, jobName(campaign.metadata.name, job, run), job),
  spec: {
    ...specOf(job),
    template: {
      metadata: podMetadataOf(
        isWatchedJob(job) ? campaignLabels(campaign, job) : unwatchedLabels(campaign, job),
        options.pods ?? {},
      ),
      // Never: each try is a pod of its own, whose log can be read, and the failure policy requires it.
      spec: withExclusion(
        exclusion,
        withReconcile(
          reconcile,
          withDraw(campaign, order, {
            ...podSpecOf(campaign, job, options, isWatchedJob(job) ? { ports: [ADMIN_PORT] } : {}),
            restartPolicy: 'Never',
          }),
        ),
      ),
    },
  },
});

export const isJobManifest = (manifest: Manifest): manifest is Job => manifest.kind === 'Job';

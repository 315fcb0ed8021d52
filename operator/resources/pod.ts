/** The pod that runs one role of the app image. */
import type {
  Container,
  EnvVar,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  Toleration,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1.js';
import { ADMIN_PATHS, ENV, PORTS, PRIVACY_KEYS, secretDirOf } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import { hasAdminPort, podOf, rightsOf, type Workload, workloadSecretsOf } from '../../contract/jobs.ts';
import {
  appConfigMapName,
  type Component,
  dataPlaneSecretName,
  LABELS,
  serviceUrl,
  tierName,
} from '../../contract/names.ts';
import { isTier, servesHttp, type Tier, takesRegistrations } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions, PodOptions } from './build-options.ts';
import { campaignLabels, tierSelector } from './metadata.ts';

const MOUNTS = {
  config: '/etc/voucher/config',
  privacy: '/etc/voucher/privacy',
  dataPlane: '/etc/voucher/data-plane',
} as const;

/** The uid of `nonroot` in distroless images; also the group that may read the mounted Secrets. */
const NON_ROOT_ID = 65532;

/** As "restricted" requires; without ids where the platform assigns them. */
export const podSecurityOf = ({ fixedIds = true }: PodOptions) => ({
  runAsNonRoot: true,
  ...(fixedIds ? { runAsUser: NON_ROOT_ID, runAsGroup: NON_ROOT_ID, fsGroup: NON_ROOT_ID } : {}),
  seccompProfile: { type: 'RuntimeDefault' },
});
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** Longer than kube-proxy and load balancers need to remove the pod, so that no connection meets a closed port. */
export const PRE_STOP_SLEEP_SECONDS = 5;
/**
 * The sleep, then at most the 3 s publish budget (intake) or one batch with a slow commit (records), and a margin.
 * A pod that needs more loses no registration: nothing is acknowledged before the journal or the database has it.
 */
export const TERMINATION_GRACE_SECONDS = 30;

/** No CPU limit: throttling in the opening second would be an outage. */
export const resourcesOf = (workload: Workload, { pods = {} }: BuildOptions): ResourceRequirements => {
  const { cpu, memory, memoryLimit } = podOf(workload);
  return pods.resources?.[workload] ?? { requests: { cpu, memory }, limits: { memory: memoryLimit } };
};

export const ADMIN_PORT = { name: 'admin', containerPort: PORTS.admin };

const adminProbe = (path: string, timing: Omit<Probe, 'httpGet'>): Probe => ({
  httpGet: { path, port: 'admin' },
  ...timing,
});

/**
 * V8 sizes its heap by the machine: an intake grew to 281 MiB, with these bounds to 165 (test/bench/intake.ts). With half of the
 * young generation it stays 12 MiB smaller, and a registration takes 0.23 ms of CPU instead of 0.17.
 */
export const nodeOptions = (workload: Workload): string =>
  `--max-old-space-size=${podOf(workload).heapMebibytes} --max-semi-space-size=16`;

const ownMount = (name: string): string => `/etc/voucher/own/${name}`;

const environment = (campaign: VoucherCampaign, workload: Workload, options: BuildOptions): EnvVar[] => [
  { name: 'NODE_OPTIONS', value: nodeOptions(workload) },
  { name: ENV.role, value: workload },
  { name: ENV.podName, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: ENV.configDir, value: MOUNTS.config },
  ...(rightsOf(workload).privacyKeys === false ? [] : [{ name: ENV.privacyDir, value: MOUNTS.privacy }]),
  { name: ENV.dataPlaneDir, value: MOUNTS.dataPlane },
  ...workloadSecretsOf(campaign.spec, workload).map(([name]) => ({ name: secretDirOf(name), value: ownMount(name) })),
  { name: ENV.host, value: '::' },
  ...(isTier(workload) && servesHttp(workload)
    ? [
        { name: ENV.portHttp, value: String(PORTS.http) },
        ...(takesRegistrations(workload)
          ? [
              {
                name: ENV.serviceUrl,
                value: serviceUrl(campaign.metadata.name, workload, campaign.metadata.namespace),
              },
            ]
          : []),
        ...(options.keepAliveSeconds === undefined
          ? []
          : [{ name: ENV.keepAliveSeconds, value: String(options.keepAliveSeconds) }]),
      ]
    : []),
  ...(hasAdminPort(workload) ? [{ name: ENV.portAdmin, value: String(PORTS.admin) }] : []),
  { name: ENV.logLevel, value: options.logLevel },
  ...(isTier(workload) && options.pods?.tracing !== undefined
    ? [
        { name: ENV.tracingEndpoint, value: options.pods.tracing.endpoint },
        { name: ENV.tracingRatio, value: String(options.pods.tracing.ratio) },
      ]
    : []),
];

/** Not Kubernetes' five minutes: the node controller has waited 50 s, and 30 s later it is not just a reboot. */
const NODE_LOST_TOLERATION_SECONDS = 30;
const NODE_LOST_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** The stated ones, and a shorter time for those taints for which they leave Kubernetes' default. */
export const tolerationsOf = ({
  tolerations = [],
  nodeLostTolerationSeconds = NODE_LOST_TOLERATION_SECONDS,
}: PodOptions): Toleration[] => [
  ...tolerations,
  ...NODE_LOST_TAINTS.filter(
    (taint) =>
      !tolerations.some(
        ({ key, effect }) => (key === undefined || key === taint) && (effect === undefined || effect === 'NoExecute'),
      ),
  ).map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: nodeLostTolerationSeconds })),
];

/** Only stated values: the API server would remove an empty list from the object, and we would write it again. */
export const placementOf = ({ nodeSelector = {}, affinity = {}, priorityClassName, ...rest }: PodOptions) => ({
  ...defined({ nodeSelector: Object.keys(nodeSelector).length === 0 ? undefined : { ...nodeSelector } }),
  ...defined({ affinity: Object.keys(affinity).length === 0 ? undefined : affinity, priorityClassName }),
  tolerations: tolerationsOf(rest),
});

/** Secrets of the campaign's own namespace, not of the installation's. */
export const pullSecretsOf = (
  { metadata: { namespace } }: VoucherCampaign,
  { imagePullSecrets = [], imagePullSecretsByNamespace = {} }: PodOptions,
) => {
  const names = imagePullSecretsByNamespace[namespace] ?? imagePullSecrets;
  return names.length === 0 ? {} : { imagePullSecrets: names.map((name) => ({ name })) };
};

const OWN_KEYS: readonly string[] = Object.values(LABELS);

/** The installation can't replace our labels: pods are found by them. */
export const podMetadataOf = (
  own: Readonly<Record<string, string>>,
  { labels = {}, annotations = {} }: PodOptions,
) => ({
  labels: { ...Object.fromEntries(Object.entries(labels).filter(([key]) => !OWN_KEYS.includes(key))), ...own },
  ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }),
});

interface Mounted {
  readonly volume: Volume;
  readonly mountPath: string;
}

/** @param key instead of all keys, this one alone */
const secretAt = (name: string, secretName: string, mountPath: string, key?: string): Mounted => {
  const items = key === undefined ? {} : { items: [{ key, path: key }] };
  return { volume: { name, secret: { secretName, defaultMode: 0o440, ...items } }, mountPath };
};

const privacyOf = ({ spec }: VoucherCampaign, workload: Workload): readonly Mounted[] => {
  const { privacyKeys } = rightsOf(workload);
  if (privacyKeys === false) return [];
  const only = privacyKeys === 'citizen' ? PRIVACY_KEYS.citizen : undefined;
  return [secretAt('privacy', spec.privacy.keySecretName, MOUNTS.privacy, only)];
};

/** What a workload's pods mount of the campaign's configuration and Secrets, by its rights. */
const mountedBy = (campaign: VoucherCampaign, workload: Workload): readonly Mounted[] => {
  const { metadata, spec } = campaign;
  return [
    { volume: { name: 'config', configMap: { name: appConfigMapName(metadata.name) } }, mountPath: MOUNTS.config },
    ...privacyOf(campaign, workload),
    secretAt('data-plane', dataPlaneSecretName(spec.dataPlane.secretName, workload), MOUNTS.dataPlane),
    ...workloadSecretsOf(spec, workload).map(([name, secretName]) =>
      secretAt(`own-${name}`, secretName, ownMount(name)),
    ),
  ];
};

export const spreadOf = (
  campaign: VoucherCampaign,
  component: Component,
  { topologySpreadConstraints = [] }: PodOptions,
): TopologySpreadConstraint[] => {
  const labelSelector = { matchLabels: tierSelector(campaign, component) };
  if (topologySpreadConstraints.length > 0) return topologySpreadConstraints.map((one) => ({ labelSelector, ...one }));
  return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    // A pod in the wrong zone serves citizens; a pending pod serves none.
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector,
    // Counts the pods of one revision, so that a rollout's old pods don't skew the new ones.
    matchLabelKeys: ['pod-template-hash'],
  }));
};

/** What pods of tiers and Jobs have in common. */
export const podSpecOf = (
  campaign: VoucherCampaign,
  workload: Workload,
  options: BuildOptions,
  container: Partial<Container>,
): PodSpec => {
  const { pods = {}, image } = options;
  const mounted = mountedBy(campaign, workload);
  return {
    serviceAccountName: tierName(campaign.metadata.name, workload),
    // The app never calls the Kubernetes API.
    automountServiceAccountToken: false,
    // Hundreds of Services in a namespace would otherwise become thousands of variables in every pod.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
    ...pullSecretsOf(campaign, pods),
    ...placementOf(pods),
    securityContext: podSecurityOf(pods),
    containers: [
      {
        name: workload,
        image,
        ...defined({ imagePullPolicy: pods.imagePullPolicy }),
        args: [workload],
        env: environment(campaign, workload, options),
        volumeMounts: mounted.map(
          ({ volume, mountPath }): VolumeMount => ({ name: volume.name, mountPath, readOnly: true }),
        ),
        resources: resourcesOf(workload, options),
        securityContext: CONTAINER_SECURITY,
        ...container,
      },
    ],
    volumes: mounted.map(({ volume }) => volume),
  };
};

/** Nothing that changes after opening, no hash of the ConfigMap: an edited title must not restart a thousand pods. */
export const buildPodTemplate = (campaign: VoucherCampaign, tier: Tier, options: BuildOptions): PodTemplateSpec => {
  const { pods = {} } = options;
  return {
    metadata: podMetadataOf(campaignLabels(campaign, tier), pods),
    spec: {
      ...podSpecOf(campaign, tier, options, {
        ports: [...(servesHttp(tier) ? [{ name: 'http', containerPort: PORTS.http }] : []), ADMIN_PORT],
        // One second apart: a pod that is ready counts for the scaling law in the same tick.
        startupProbe: adminProbe(ADMIN_PATHS.live, { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 60 }),
        readinessProbe: adminProbe(ADMIN_PATHS.ready, { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3 }),
        // Slow on purpose: killing a busy pod moves its load to the others and overloads them.
        livenessProbe: adminProbe(ADMIN_PATHS.live, { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
        lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SLEEP_SECONDS } } },
      }),
      topologySpreadConstraints: spreadOf(campaign, tier, pods),
    },
  };
};

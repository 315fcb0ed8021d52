/** Every manifest that contestants get, as data: the same pods for all, then what makes each of them scale. Pure. */

import { withDefaults } from '../../../contract/defaults.ts';
import { WORKLOADS } from '../../../contract/jobs.ts';
import { dataPlaneSecretName, LABELS, tierName } from '../../../contract/names.ts';
import { VOUCHER_CAMPAIGN } from '../../../contract/schema/schema.ts';
import { perTier } from '../../../contract/tiers.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { BuildOptions, PodOptions } from '../../../operator/resources/build-options.ts';
import { planManifests } from '../../../operator/tick/manifests.ts';
import { CONTEST, type Crowd, DRAINED_PER_REPLICA, kedaFormula, PLANNED_PER_REPLICA } from './contest.ts';

export const NAMESPACE = 'contest';
export const KEDA_NAMESPACE = 'keda';
export const NAME = 'contest';
/** The contested tier: work comes to it by a queue, as to KEDA's scalers. */
export const DEPLOYMENT = tierName(NAME, 'records');
export const SELECTOR = `${LABELS.campaign}=${NAME}`;
export const CONTESTED = `${SELECTOR},${LABELS.component}=records`;
/** Of the intake, which tells how many come. Never scaled. */
export const INTAKES = 2;
export const SERVER_IMAGE = 'voucher.dev/bench-server:1';

/** Small enough for 60 pods on two cores. */
const SMALL = { requests: { cpu: '5m', memory: '8Mi' }, limits: { memory: '64Mi' } };
const HOUR_MS = 3_600_000;

export const podOptionsFor = (placement: Pick<PodOptions, 'nodeSelector' | 'tolerations'> = {}): PodOptions => ({
  imagePullPolicy: 'IfNotPresent',
  resources: { intake: SMALL, records: SMALL },
  ...placement,
});

export const buildOptionsFor = (pods: PodOptions): BuildOptions => ({
  image: SERVER_IMAGE,
  site: 'default',
  shards: 1,
  journalReplicas: 1,
  logLevel: 'info',
  pods,
});

const fixed = (count: number) => ({ min: count, max: count });

/** Open for three hours, so that no hold after opening is in force; a ceiling at the most, so that nobody is asked. */
export const campaignFor = (crowd: Crowd, nowMs: number) => ({
  apiVersion: 'voucher-operator.io/v1alpha1',
  kind: 'VoucherCampaign',
  metadata: { name: NAME, namespace: NAMESPACE },
  spec: {
    campaignId: NAME,
    title: { 'zh-CN': '基准', en: 'Benchmark' },
    window: {
      opensAt: new Date(nowMs - 3 * HOUR_MS).toISOString(),
      closesAt: new Date(nowMs + 24 * HOUR_MS).toISOString(),
    },
    vouchers: [
      {
        name: 'dining-50',
        title: { 'zh-CN': '餐饮满100减50', en: 'Dining ¥50 off ¥100' },
        faceValueFen: 5_000,
        minimumSpendFen: 10_000,
        quota: 200_000,
        validDays: 14,
      },
    ],
    scaling: {
      drainWithin: `${CONTEST.drainWithinSeconds}s`,
      authorized: { ceilings: { intake: INTAKES, records: crowd.most } },
      tiers: {
        // More than ever comes: the intake is no contestant.
        intake: { ...fixed(INTAKES), capacityPerReplica: 10_000 },
        records: { min: crowd.from, max: crowd.most, capacityPerReplica: CONTEST.capacityPerReplica },
      },
    },
  },
});

/** All that the operator makes of the campaign, for contestants that have no operator: the same objects, by the same code. */
export const podsFor = (crowd: Crowd, pods: PodOptions, nowMs: number): readonly object[] => {
  // Defaulted by the schema, as the API server does; its word is trusted here.
  const campaign = withDefaults(VOUCHER_CAMPAIGN.schema, campaignFor(crowd, nowMs)) as VoucherCampaign;
  const journal = { kind: 'ready', durability: 'Synced', replicas: 3, message: '' } as const;
  const replicas = { ...perTier(() => 0), intake: INTAKES, records: crowd.from, headroom: 0 };
  const { create, apply } = planManifests(
    campaign,
    { tiers: {}, plans: [] },
    journal,
    replicas,
    [],
    buildOptionsFor(pods),
  );
  return [...apply, ...create];
};

const metricsApi = (url: string, value: 'rps' | 'lag', target: number) => ({
  type: 'metrics-api',
  name: value,
  metadata: { url: `${url}/keda`, valueLocation: value, targetValue: `${target}` },
});

const scaledObject = (crowd: Crowd, spec: object) => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: NAME, namespace: NAMESPACE },
  spec: {
    scaleTargetRef: { name: DEPLOYMENT },
    minReplicaCount: crowd.from,
    maxReplicaCount: crowd.most,
    ...spec,
  },
});

/** As its documentation shows it: a target for each signal, everything else by default (polled every 30 s). */
export const kedaDocumented = (crowd: Crowd, url: string) =>
  scaledObject(crowd, {
    triggers: [metricsApi(url, 'rps', PLANNED_PER_REPLICA), metricsApi(url, 'lag', DRAINED_PER_REPLICA)],
  });

/** Tuned by an expert: both signals in one formula, read directly and each second, and no brake on the way up. */
export const kedaExpert = (crowd: Crowd, url: string) =>
  scaledObject(crowd, {
    pollingInterval: 1,
    advanced: {
      horizontalPodAutoscalerConfig: {
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            tolerance: '0.03',
            selectPolicy: 'Max',
            policies: [{ type: 'Pods', value: 10_000, periodSeconds: 15 }],
          },
        },
      },
      scalingModifiers: { formula: kedaFormula(), target: '1', metricType: 'AverageValue' },
    },
    triggers: [
      { ...metricsApi(url, 'rps', PLANNED_PER_REPLICA), useCachedMetrics: false },
      { ...metricsApi(url, 'lag', DRAINED_PER_REPLICA), useCachedMetrics: false },
    ],
  });

/** What KEDA's own manifests install besides its CRDs, with its two programs as processes of the host at `address`. */
export const kedaInstallation = (address: string, port: number): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'keda-metrics-apiserver', namespace: KEDA_NAMESPACE },
    spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'keda-metrics-apiserver',
      namespace: KEDA_NAMESPACE,
      labels: { 'kubernetes.io/service-name': 'keda-metrics-apiserver' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'keda-external-metrics-reader' },
    rules: [{ apiGroups: ['external.metrics.k8s.io'], resources: ['*'], verbs: ['*'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'keda-hpa-controller-external-metrics' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'keda-external-metrics-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'horizontal-pod-autoscaler', namespace: 'kube-system' }],
  },
];

/** Only while KEDA runs: an aggregated API that nobody serves is in everybody's way. */
export const kedaApiService = () => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.external.metrics.k8s.io' },
  spec: {
    service: { name: 'keda-metrics-apiserver', namespace: KEDA_NAMESPACE },
    group: 'external.metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
  },
});

/** Secrets that the pods mount and nobody in them reads. */
export const secrets = (): readonly object[] =>
  ['voucher-privacy', ...WORKLOADS.map((workload) => dataPlaneSecretName('voucher-data-plane', workload))].map(
    (name) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: NAMESPACE },
      stringData: { unused: 'unused' },
    }),
  );

export const namespaces = (): readonly object[] =>
  [NAMESPACE, KEDA_NAMESPACE].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));

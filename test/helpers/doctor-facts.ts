/** What the doctor reads of a healthy campaign before its opening; a test sets only what differs. */

import type { SeenCampaign } from '../../cli/cluster.ts';
import { knownFields } from '../../cli/doctor/check-cluster.ts';
import type { CampaignFacts, ClusterFacts, NodeFacts, Seen, TierFacts } from '../../cli/doctor/doctor-facts.ts';
import { JOBS } from '../../contract/jobs.ts';
import { tiersOf } from '../../contract/tiers.ts';
import { aCampaign, type CampaignChanges, CLOSES_AT_MS, OPENS_AT_MS } from './a-campaign.ts';
import { aStatus, conditions } from './a-status.ts';

/** Three hours before opening. */
export const BEFORE_MS = OPENS_AT_MS - 3 * 3_600_000;

export const seen = <T>(value: T): Seen<T> => ({ kind: 'seen', value });
export const HIDDEN = { kind: 'hidden', command: 'kubectl get it' } as const;
const GIB = 2 ** 30;

const crd = (plural: string) => ({
  name: `${plural}.voucher-operator.io`,
  isEstablished: true,
  fields: ['metadata', ...knownFields(plural)],
});

export const anOperator = {
  namespace: 'voucher-system',
  name: 'voucher',
  replicas: 2,
  ready: 2,
  image: 'voucher-operator:0.1.0',
  leaseName: 'voucher',
  watchNamespaces: [],
} as const;

export const clusterFacts = (changes: Partial<ClusterFacts> = {}): ClusterFacts => ({
  nowMs: BEFORE_MS,
  namespace: 'vouchers',
  server: seen({ version: 'v1.36.3', dateMs: BEFORE_MS - 500, answeredAtMs: BEFORE_MS, tookMs: 8 }),
  crds: seen([crd('vouchercampaigns'), crd('scaleplans')]),
  operators: seen([anOperator]),
  lease: seen({
    holder: 'voucher-7d9f-abcde',
    renewedAtMs: BEFORE_MS - 900,
    writtenAtMs: BEFORE_MS - 1_000,
    notServed: {},
  }),
  claim: seen({ holder: 'voucher-system/voucher', writtenAtMs: BEFORE_MS - 12_000 }),
  policies: seen(
    [
      '-scale-plans',
      '-scale-plan-revocations',
      '-ceilings',
      '-contingency',
      '-draw',
      '-issuance',
      '-privacy',
      '-review',
      '-commands',
      '-confirm-delete',
    ].map((suffix) => ({
      name: `voucher-system-voucher${suffix}`,
      isBound: true,
      warnings: 0,
    })),
  ),
  ...changes,
});

export const aTierPod = (changes: Partial<TierFacts> = {}): TierFacts => ({
  replicas: 2,
  image: 'voucher-operator:0.1.0',
  requests: { cpu: 0.5, memory: 0.25 * GIB, pods: 1 },
  limits: { memory: 0.5 * GIB },
  nodeSelector: {},
  tolerations: [],
  priorityClassName: undefined,
  pullSecrets: [],
  ...changes,
});

export const aNode = (changes: Partial<NodeFacts> = {}): NodeFacts => ({
  name: 'node-1',
  isSchedulable: true,
  labels: {},
  taints: [],
  allocatable: { cpu: 16, memory: 64 * GIB, pods: 110 },
  requested: { cpu: 2, memory: 4 * GIB, pods: 20 },
  ...changes,
});

export interface FactChanges extends Partial<Omit<CampaignFacts, 'campaign'>> {
  readonly campaign?: CampaignChanges;
}

/** 3,500/s at 500/s a replica and 70 %: 10 of intake and, at 5,000/s each, 2 of records. */
export const campaignFacts = ({ campaign = {}, ...changes }: FactChanges = {}): CampaignFacts => {
  const own: SeenCampaign = {
    ...aCampaign({ status: aStatus({ stage: 'Scheduled', conditions: conditions() }), ...campaign }),
    statusAtMs: BEFORE_MS,
  };
  return {
    campaign: own,
    plans: [],
    secrets: {
      privacy: { name: 'voucher-privacy', keys: seen(['citizen.key', 'canary.key', 'wrap-2027.key']) },
      dataPlane: [...tiersOf(own.spec), ...JOBS].map((workload) => ({
        workload,
        name: `voucher-data-plane-${workload}`,
        keys: seen(['nats-url', 'nats-user', 'nats-password', 'postgres-url']),
      })),
    },
    certificates: seen([
      { namespace: 'voucher-system', secret: 'voucher-nats-tls', isRenewable: true, expiresAtMs: CLOSES_AT_MS * 1.01 },
    ]),
    tiers: seen({ intake: aTierPod(), records: aTierPod() }),
    pods: seen([{ tier: 'intake', isReady: true, image: 'voucher-operator:0.1.0', waitsFor: undefined }]),
    pullSecrets: seen([]),
    quotas: seen([]),
    limitRanges: seen([]),
    nodes: seen([aNode()]),
    hasNodeAutoscaler: false,
    autoscalers: seen([]),
    disruptionBudgets: seen(['chengdu-intake', 'chengdu-records']),
    priorityClasses: seen(['system-cluster-critical']),
    podSecurity: seen('restricted'),
    ...changes,
  };
};

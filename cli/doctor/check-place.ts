/** Whether the cluster has room for the forecast's replicas: quotas, limits, nodes, and an image. Pure. */
import { amountText } from '../../contract/amounts.ts';
import { TIERS, type Tier } from '../../contract/tiers.ts';
import type { CampaignFacts, QuotaFacts, TierFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, onceSeen, warn } from './finding.ts';
import { type Need, needsOf } from './need.ts';
import { placed } from './placement.ts';

interface Missing extends Need {
  readonly pod: TierFacts;
  readonly missing: number;
}

/** Pods that are missing for the floor, and for the headroom. */
const missingOf = (facts: CampaignFacts, tiers: Readonly<Partial<Record<Tier, TierFacts>>>): readonly Missing[] =>
  needsOf(facts.campaign).flatMap((need) => {
    const pod = tiers[need.tier];
    if (pod === undefined) return [];
    const room = need.tier === 'intake' ? facts.campaign.spec.scaling.headroomReplicas : 0;
    return [{ ...need, pod, missing: Math.max(0, need.floor + room - pod.replicas) }];
  });

const unknownPods = (check: string): Finding =>
  warn(
    check,
    'the requests of its pods are unknown before its Deployments exist',
    'wait until the operator has created them',
  );

/** How much of a quota's resource one pod uses; undefined: the quota does not count it. */
const taken = (resource: string, { requests, limits }: TierFacts): number | undefined => {
  switch (resource) {
    case 'cpu':
    case 'requests.cpu':
      return requests.cpu;
    case 'memory':
    case 'requests.memory':
      return requests.memory;
    case 'pods':
    case 'count/pods':
      return 1;
    case 'limits.memory':
      return limits['memory'] ?? 0;
    case 'limits.cpu':
      return limits['cpu'] ?? 0;
    default:
      return undefined;
  }
};

const quotaFinding = (
  { name, hard, used }: QuotaFacts,
  missing: readonly Missing[],
  namespace: string,
): readonly Finding[] =>
  Object.entries(hard).flatMap(([resource, most]) => {
    if (resource === 'limits.cpu' && missing.some(({ pod }) => pod.limits['cpu'] === undefined)) {
      return [
        fail(
          'quota',
          `${name} bounds limits.cpu, and pods without a CPU limit are refused`,
          `remove limits.cpu from resourcequota ${name} -n ${namespace}, because a CPU limit throttles the opening second; or set limits in app.resources of the chart, for each tier and for the Job draw, well above the request`,
        ),
      ];
    }
    const more = missing.reduce((sum, { pod, missing: pods }) => sum + pods * (taken(resource, pod) ?? 0), 0);
    const lacks = (used[resource] ?? 0) + more - most;
    if (lacks <= 1e-6) return [];
    const text = (amount: number): string => amountText(resource, amount);
    const left = Math.max(0, most - (used[resource] ?? 0));
    const said = `${name} has ${resource} ${text(left)} left, but the missing pods need ${text(more)}: ${text(lacks)} too few`;
    return [fail('quota', said, `kubectl edit resourcequota ${name} -n ${namespace}`)];
  });

export const quota = (facts: CampaignFacts): readonly Finding[] =>
  onceSeen('quota', facts.tiers, (tiers) =>
    onceSeen('quota', facts.quotas, (quotas) => {
      const { namespace } = facts.campaign.metadata;
      if (quotas.length === 0) return ok('quota', `namespace ${namespace} has none`);
      const missing = missingOf(facts, tiers);
      if (missing.length === 0) return unknownPods('quota');
      const found = quotas.flatMap((one) => quotaFinding(one, missing, namespace));
      return found.length === 0
        ? ok('quota', `${quotas.map(({ name }) => name).join(', ')}: enough for the forecast`)
        : found;
    }),
  );

export const limitRange = (facts: CampaignFacts): readonly Finding[] =>
  onceSeen('limit-range', facts.tiers, (tiers) =>
    onceSeen('limit-range', facts.limitRanges, (ranges) => {
      const { namespace } = facts.campaign.metadata;
      const found = ranges.flatMap(({ name, max, min, defaultLimit }) =>
        TIERS.flatMap((tier) => {
          const pod = tiers[tier];
          if (pod === undefined) return [];
          const remedy = `kubectl edit limitrange ${name} -n ${namespace}`;
          const bounds = (['cpu', 'memory'] as const).flatMap((resource) => {
            const asks = pod.requests[resource];
            const isOver = max[resource] !== undefined && asks > max[resource];
            const isUnder = min[resource] !== undefined && asks < min[resource];
            const said = `${name} refuses pods of ${tier}: each requests ${resource} ${amountText(resource, asks)}`;
            return isOver || isUnder ? [fail('limit-range', said, remedy)] : [];
          });
          const isThrottled = defaultLimit['cpu'] !== undefined && pod.limits['cpu'] === undefined;
          const said = `${name} sets a CPU limit on pods of ${tier}: it would throttle the opening second`;
          return [...bounds, ...(isThrottled ? [warn('limit-range', said, remedy)] : [])];
        }),
      );
      return found.length === 0 ? ok('limit-range', 'nothing refuses or throttles its pods') : found;
    }),
  );

export const nodes = (facts: CampaignFacts): readonly Finding[] =>
  onceSeen('nodes', facts.tiers, (tiers) =>
    onceSeen('nodes', facts.nodes, (all) => {
      const missing = missingOf(facts, tiers);
      if (missing.length === 0) return unknownPods('nodes');
      const found = placed(
        all,
        missing.map(({ pod, missing: pods }) => ({ tier: pod, missing: pods })),
      );
      const lacking = missing.flatMap(({ tier, missing: pods, pod }, index) => {
        const without = pods - (found[index] ?? 0);
        return without > 0 ? [{ tier, without, pod }] : [];
      });
      if (lacking.length === 0) {
        const more = missing.reduce((sum, one) => sum + one.missing, 0);
        return ok(
          'nodes',
          more === 0 ? 'every replica of the forecast exists already' : `there is room for the ${more} missing pods`,
        );
      }
      const said = lacking
        .map(({ tier, without, pod: { requests } }) => {
          const each = `cpu ${amountText('cpu', requests.cpu)}, memory ${amountText('memory', requests.memory)}`;
          return `no node has room for ${without} pods of ${tier} (each requests ${each})`;
        })
        .join('; ');
      return facts.hasNodeAutoscaler
        ? warn(
            'nodes',
            `${said} until nodes are added`,
            'with spec.scaling.headroomReplicas nodes are added before citizens wait',
          )
        : fail('nodes', said, 'add nodes, or remove other pods: kubectl describe nodes');
    }),
  );

const PULL_PROBLEMS: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];

/** A running pod is the proof, but only for its node. */
export const image = ({ campaign, tiers, pods }: CampaignFacts): readonly Finding[] =>
  onceSeen('image', tiers, (found) =>
    onceSeen('image', pods, (all) => {
      const images = [...new Set(Object.values(found).map((tier) => tier.image))];
      if (images.length === 0) return unknownPods('image');
      return images.map((name) => {
        const own = all.filter((pod) => pod.image === name);
        const stuck = own.find(({ waitsFor }) => waitsFor !== undefined && PULL_PROBLEMS.includes(waitsFor));
        const { namespace } = campaign.metadata;
        if (stuck !== undefined) {
          return fail(
            'image',
            `${name}: ${stuck.waitsFor}`,
            `kubectl get events -n ${namespace} --field-selector reason=Failed; app.imagePullSecrets of the chart`,
          );
        }
        const ready = own.filter(({ isReady }) => isReady).length;
        return ready > 0
          ? ok('image', `${ready} ready pods run ${name}`)
          : warn('image', `no ready pod proves that nodes can pull ${name}`, `kubectl get pods -n ${namespace}`);
      });
    }),
  );

const PULL_TYPES: readonly string[] = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'];

/**
 * | Secret that pods name  | a ready pod runs | |
 * |------------------------|------------------|-|
 * | there, with a registry | ·                | OK |
 * | not so                 | yes              | WARN: the image came without it, but a new node may need it |
 * | not so                 | no               | FAIL |
 */
export const pullSecrets = ({ campaign, pods, pullSecrets: found }: CampaignFacts): readonly Finding[] =>
  onceSeen('pull-secrets', found, (all) => {
    const { namespace } = campaign.metadata;
    if (all.length === 0) return ok('pull-secrets', 'its pods name none');
    const bad = all.filter(({ type }) => type === undefined || !PULL_TYPES.includes(type));
    if (bad.length === 0) {
      return ok('pull-secrets', `${all.map(({ name }) => name).join(', ')}: in namespace ${namespace}, for a registry`);
    }
    const isRunning = pods.kind === 'seen' && pods.value.some(({ isReady }) => isReady);
    return bad.map(({ name, type }) => {
      const said =
        type === undefined
          ? `there is no Secret ${name} in namespace ${namespace}, which the pods use to pull the image`
          : `Secret ${name} in namespace ${namespace}, which the pods use to pull the image, has type ${type}`;
      const remedy = `kubectl create secret docker-registry ${type === undefined ? name : 'NAME'} -n ${namespace}, or name another in app.imagePullSecretsByNamespace of the chart`;
      return isRunning ? warn('pull-secrets', said, remedy) : fail('pull-secrets', said, remedy);
    });
  });

export const checkPlace = (facts: CampaignFacts): readonly Finding[] => [
  ...quota(facts),
  ...limitRange(facts),
  ...nodes(facts),
  ...image(facts),
  ...pullSecrets(facts),
];

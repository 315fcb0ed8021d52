import { describe, expect, it } from '@jest/globals';
import { checkCapacity } from '../../../../cli/doctor/check-capacity.ts';
import { checkPlace } from '../../../../cli/doctor/check-place.ts';
import { placed } from '../../../../cli/doctor/placement.ts';
import { OPENS_AT_MS, VERIFICATION } from '../../../helpers/a-campaign.ts';
import { aPlan } from '../../../helpers/a-status.ts';
import {
  aNode,
  aTierPod,
  BEFORE_MS,
  campaignFacts,
  type FactChanges,
  HIDDEN,
  seen,
} from '../../../helpers/doctor-facts.ts';

const GIB = 2 ** 30;
const judged = (changes: FactChanges) => {
  const facts = campaignFacts(changes);
  return [...checkCapacity(facts, BEFORE_MS), ...checkPlace(facts)];
};
const told = (changes: FactChanges): readonly string[] =>
  judged(changes)
    .filter(({ level }) => level !== 'OK')
    .map(({ level, check, said }) => `${level} ${check}: ${said}`);

const authorized = (intake: number, windows: readonly object[] = []) =>
  ({ authorized: { ceilings: { intake, records: 4 }, windows } }) as object;
/** From pre-warming at 09:30 until the hold ends at 12:00. */
const SPAN = { from: '2020-09-25T09:30:00+08:00', until: '2020-09-25T12:00:00+08:00', ceilings: { intake: 10 } };
const withScaling = (scaling: object): FactChanges => ({ campaign: { scaling } });
const quota = (hard: Readonly<Record<string, number>>, used: Readonly<Record<string, number>> = {}): FactChanges => ({
  quotas: seen([{ name: 'team', hard, used }]),
});
const range = (changes: object): FactChanges => ({
  limitRanges: seen([{ name: 'usual', max: {}, min: {}, defaultLimit: {}, ...changes }]),
});

describe('capacity', () => {
  it('suffices', () => {
    expect(told({})).toEqual([]);
    expect(judged({}).map(({ said }) => said)).toContain(
      'intake: 10 replicas are needed at opening, 20 are authorised',
    );
  });

  it('of verification is what the rate of its providers needs, not what the forecast would', () => {
    const changes = { campaign: { spec: { verification: VERIFICATION } } };
    expect(told(changes)).toEqual([]);
    expect(judged(changes).map(({ said }) => said)).toContain(
      'verification: 2 replicas are needed at opening, 4 are authorised',
    );
  });

  it.each<[string, FactChanges, readonly string[]]>([
    [
      'is not authorised',
      withScaling(authorized(8)),
      ['FAIL ceilings: intake: 10 replicas are needed for 3,500/s, but only 8 are authorised at 09:30:00'],
    ],
    ['is authorised for as long as it is needed', withScaling(authorized(8, [SPAN])), []],
    [
      'is authorised too late',
      withScaling(authorized(8, [{ ...SPAN, from: '2020-09-25T10:00:00+08:00' }])),
      ['FAIL ceilings: intake: 10 replicas are needed for 3,500/s, but only 8 are authorised at 09:30:00'],
    ],
    [
      'is authorised until too early',
      withScaling(authorized(8, [{ ...SPAN, until: '2020-09-25T10:30:00+08:00' }])),
      ['FAIL ceilings: intake: 10 replicas are needed for 3,500/s, but only 8 are authorised at 10:30:00'],
    ],
    [
      'is granted by a plan that ends in the crowd',
      {
        campaign: { scaling: authorized(8) },
        plans: [
          {
            ...aPlan({
              ceilings: { intake: 20 },
              expiresAt: new Date(BEFORE_MS).toISOString(),
              decision: {
                verdict: 'Approved',
                decidedBy: 'li.wei',
                ceilingUntil: new Date(OPENS_AT_MS + 60_000).toISOString(),
              },
            }),
            status: { decidedAt: new Date(BEFORE_MS - 60_000).toISOString() },
          },
        ],
      },
      ['FAIL ceilings: intake: 10 replicas are needed for 3,500/s, but only 8 are authorised at 10:01:00'],
    ],
    [
      'is more than may ever be',
      withScaling({
        tiers: {
          intake: { min: 2, max: 6, capacityPerReplica: 500 },
          records: { min: 2, max: 20, capacityPerReplica: 5_000 },
        },
      }),
      ['FAIL ceilings: intake: 10 replicas are needed for 3,500/s, but spec.scaling.tiers.intake.max is 6'],
    ],
    ['is not forecast', withScaling({ peakArrivalsPerSecond: undefined }), ['WARN ceilings: there is no forecast']],
    [
      'meets a quota of CPU',
      quota({ 'requests.cpu': 4 }, { 'requests.cpu': 2 }),
      ['FAIL quota: team has requests.cpu 2 left, but the missing pods need 4: 2 too few'],
    ],
    [
      'meets a quota of pods',
      quota({ pods: 10 }, { pods: 4 }),
      ['FAIL quota: team has pods 6 left, but the missing pods need 8'],
    ],
    ['has a quota that suffices', quota({ 'requests.cpu': 40, pods: 100, services: 3 }), []],
    ['meets a quota that wants CPU limits', quota({ 'limits.cpu': 100 }), ['FAIL quota: team bounds limits.cpu']],
    [
      'counts the room that is kept',
      { campaign: { scaling: { headroomReplicas: 20 } }, ...quota({ pods: 20 }) },
      ['FAIL quota: team has pods 20 left, but the missing pods need 28'],
    ],
    [
      'meets a limit below a pod',
      range({ max: { cpu: 0.1 } }),
      ['FAIL limit-range: usual refuses pods of intake', 'FAIL limit-range: usual refuses pods of records'],
    ],
    [
      'is throttled',
      range({ defaultLimit: { cpu: 1 } }),
      ['WARN limit-range: usual sets a CPU limit on pods of intake', 'WARN limit-range'],
    ],
    [
      'finds no place',
      { nodes: seen([aNode({ requested: { cpu: 14.5, memory: 0, pods: 1 } })]) },
      ['FAIL nodes: no node has room for 5 pods of intake (each requests cpu 500m, memory 256Mi)'],
    ],
    [
      'finds no place yet',
      { nodes: seen([aNode({ requested: { cpu: 16, memory: 0, pods: 1 } })]), hasNodeAutoscaler: true },
      ['WARN nodes: no node has room for 8 pods of intake'],
    ],
    [
      'finds no node that is open to it',
      { nodes: seen([aNode({ taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] })]) },
      ['FAIL nodes: no node has room for 8 pods of intake'],
    ],
    [
      'has an image that can’t be pulled',
      {
        pods: seen([{ tier: 'intake', isReady: false, image: 'voucher-operator:0.1.0', waitsFor: 'ImagePullBackOff' }]),
      },
      ['FAIL image: voucher-operator:0.1.0: ImagePullBackOff'],
    ],
    [
      'has an image that nobody runs',
      { pods: seen([]) },
      ['WARN image: no ready pod proves that nodes can pull voucher-operator:0.1.0'],
    ],
    [
      'has no Deployments yet',
      { tiers: seen({}) },
      ['WARN nodes: the requests of its pods are unknown', 'WARN image: the requests of its pods are unknown'],
    ],
    [
      'is hidden',
      { nodes: HIDDEN, quotas: HIDDEN },
      ['WARN quota: you lack permission to read this', 'WARN nodes: you lack permission to read this'],
    ],
  ])('%s', (_sentence, changes, expected) => {
    const findings = told(changes);
    expect(findings).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(findings[index]).toContain(text);
  });

  it('gives the command that authorises what is missing', () => {
    const [finding] = judged(withScaling(authorized(8)));
    expect(finding?.remedy).toBe(
      'kubectl voucher authorize chengdu -n vouchers --window 2020-09-25T09:30:00+08:00/2020-09-25T12:00:00+08:00 --ceiling intake=10',
    );
  });
});

describe('Secrets to pull the image with', () => {
  const named = (type: string | undefined, isReady = false): FactChanges => ({
    pullSecrets: seen([{ name: 'registry', type }]),
    pods: seen([{ tier: 'intake', isReady, image: 'voucher-operator:0.1.0', waitsFor: undefined }]),
  });
  const DOCKER = 'kubernetes.io/dockerconfigjson';

  it.each<[string, FactChanges, readonly string[]]>([
    ['are there', named(DOCKER, true), []],
    [
      'are not in the namespace of the campaign',
      named(undefined),
      ['FAIL pull-secrets: there is no Secret registry in namespace vouchers'],
    ],
    ['are missing, and the image came without', named(undefined, true), ['WARN pull-secrets: there is no Secret']],
    [
      'are of another type',
      named('Opaque', true),
      ['WARN pull-secrets: Secret registry in namespace vouchers, which the pods use to pull the image, has type'],
    ],
    ['are hidden', { pullSecrets: HIDDEN }, ['WARN pull-secrets: you lack permission to read this']],
  ])('%s', (_, changes, expected) => {
    const found = told(changes).filter((line) => line.includes('pull-secrets'));
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });
});

describe('a quota on CPU limits', () => {
  const limited = (cpu: number): FactChanges => ({
    ...quota({ 'limits.cpu': 12 }),
    tiers: seen({
      intake: aTierPod({ limits: { cpu, memory: GIB } }),
      records: aTierPod({ limits: { cpu, memory: GIB } }),
    }),
  });

  it('lets pods through that state one, as far as it goes', () => {
    expect(told(limited(1)).filter((line) => line.includes('quota'))).toEqual([]);
    expect(told(limited(2)).filter((line) => line.includes('quota'))).toEqual([
      expect.stringContaining('FAIL quota: team has limits.cpu 12 left, but the missing pods need 16'),
    ]);
  });
});

describe('the command that authorises what is missing', () => {
  it('covers the fraction of a second that an instant may have', () => {
    const window = { opensAt: '2020-09-25T10:00:00.250+08:00', closesAt: '2020-09-25T18:00:00+08:00' };
    const [finding] = judged({ campaign: { spec: { window }, scaling: authorized(8) } });
    expect(finding?.remedy).toContain('2020-09-25T09:30:00+08:00/2020-09-25T12:00:01+08:00');
  });
});

describe('room on nodes', () => {
  const free = (cpu: number, changes: object = {}) =>
    aNode({
      name: `n-${cpu}`,
      allocatable: { cpu, memory: 64 * GIB, pods: 110 },
      requested: { cpu: 0, memory: 0, pods: 0 },
      ...changes,
    });
  it.each([
    ['whole pods', [free(1.2), free(0.7)], {}, 3],
    ['none on a node that is closed', [free(8, { isSchedulable: false })], {}, 0],
    [
      'only where the selector says',
      [free(1), free(2, { labels: { pool: 'vouchers' } })],
      { nodeSelector: { pool: 'vouchers' } },
      4,
    ],
    [
      'beside a taint that is tolerated',
      [free(1, { taints: [{ key: 'pool', value: 'v', effect: 'NoSchedule' }] })],
      { tolerations: [{ key: 'pool', operator: 'Exists' }] },
      2,
    ],
    ['no more than a node takes pods', [free(8, { allocatable: { cpu: 8, memory: 64 * GIB, pods: 3 } })], {}, 3],
  ])('is for %s', (_sentence, nodes, pod, most) => {
    expect(placed(nodes, [{ tier: aTierPod(pod), missing: 100 }])).toEqual([most]);
  });
  it('is taken by one tier before the other', () => {
    const two = [
      { tier: aTierPod(), missing: 3 },
      { tier: aTierPod(), missing: 3 },
    ];
    expect(placed([free(2)], two)).toEqual([3, 1]);
  });
});

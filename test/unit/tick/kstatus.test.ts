/** Campaigns as the operator really tells them, tick by tick, read by the rules of Helm, Flux and kubectl. */
import { describe, expect, it } from '@jest/globals';
import { unreadableInCampaign } from '../../../contract/readable.ts';
import { VOUCHER_CAMPAIGN } from '../../../contract/schema/schema.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { keepCampaign } from '../../../operator/kube/campaigns.ts';
import { heldFailed, heldStatus, heldUnreadable } from '../../../operator/tick/held.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import type { TierProblem } from '../../../operator/tick/tier-problem.ts';
import { customResourceDefinition } from '../../../scripts/generate/crd.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS, withoutForecast } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { type KStatus, kstatusOf, kubectlWaitEnds } from '../../helpers/kstatus.ts';
import { anObserved, anObservedTier, aScalePlan, freshReadings, SYNCED } from '../../helpers/observed.ts';

const HOUR_MS = 3_600_000;
/** Long before opening. */
const START_MS = OPENS_AT_MS - 24 * HOUR_MS;

/** One look. */
interface Step {
  /** Seconds after the step before. */
  readonly after?: number;
  readonly at?: number;
  readonly campaign?: VoucherCampaign;
  readonly pods?: number;
  readonly sees?: Partial<Observed>;
}

const cluster = (pods: number): Observed['cluster'] => ({
  tiers: { intake: anObservedTier('intake', 2, pods), records: anObservedTier('records', 2, pods) },
  plans: [],
});

const play = (steps: readonly Step[]): readonly VoucherCampaign[] => {
  let previous: VoucherCampaignStatus | undefined;
  let nowMs = START_MS;
  return steps.map(({ after = 1, at, campaign = withoutForecast(aCampaign()), pods = 2, sees = {} }) => {
    nowMs = at ?? nowMs + after * 1000;
    const seen = { cluster: cluster(pods), readings: freshReadings(nowMs), previous, ...sees };
    const { status } = planTick(campaign, anObserved(seen), nowMs, planDeps);
    previous = status;
    return { ...campaign, status };
  });
};

const generation = (number: number): VoucherCampaign =>
  withoutForecast(aCampaign({ metadata: { generation: number } }));
const FIRST: Step = { pods: 0, sees: { journal: undefined } };
const unavailable = { journal: { kind: 'unavailable', message: 'x' } } as const;
const conflict = { journal: { kind: 'conflict', message: 'x' } } as const;
const one = { ...SYNCED, replicas: 1 };
const rival = {
  intake: { ...anObservedTier('intake', 2), otherAutoscalers: ['keda'] },
  records: anObservedTier('records', 2),
};
const full = { journal: { kind: 'full', message: 'x' } } as const;
const refusal = { what: 'create Deployment x', words: 'no', isRefused: true, sinceMs: 0 };
/** Both pods of the intake are held back by this. */
const heldBack = (problem: TierProblem): Pick<Observed, 'cluster'> => ({
  cluster: {
    tiers: {
      intake: { ...anObservedTier('intake', 2, 0), problems: [problem] },
      records: anObservedTier('records', 2, 0),
    },
    plans: [],
  },
});
const notMounted = (why: string) =>
  heldBack({
    kind: 'not_starting',
    replicas: 2,
    reason: 'FailedMount',
    message: `MountVolume.SetUp failed for volume "data-plane" : ${why}`,
  });
const noSecret = notMounted('secret "voucher-data-plane" not found');
const notFetched = notMounted('failed to sync secret cache: timed out waiting for the condition');
const noPlace = {
  pods: 0,
  sees: heldBack({ kind: 'unschedulable', replicas: 2, missing: [], message: '0/3 nodes are available' }),
};

describe('Helm and Flux take a campaign for', () => {
  it.each<[string, readonly Step[], readonly KStatus[]]>([
    [
      'one in progress until its tiers have their minimum, and then for current',
      [FIRST, { pods: 0 }, { pods: 1 }, {}, {}],
      ['InProgress', 'InProgress', 'InProgress', 'Current', 'Current'],
    ],
    [
      'one in progress while no pod gets ready',
      [FIRST, { pods: 0 }, { pods: 0, after: 61 }],
      ['InProgress', 'InProgress', 'InProgress'],
    ],
    ['current while it waits for opening', [FIRST, {}, { after: 3600 }], ['InProgress', 'Current', 'Current']],
    [
      'current while it is open, and after closing',
      [FIRST, {}, { at: OPENS_AT_MS }, { at: CLOSES_AT_MS }],
      ['InProgress', 'Current', 'Current', 'Current'],
    ],
    [
      'current while it scales',
      [FIRST, {}, { at: OPENS_AT_MS, sees: { readings: freshReadings(OPENS_AT_MS, { arrivals: 8000 }) } }],
      ['InProgress', 'Current', 'Current'],
    ],
    [
      'current while a plan waits for its owner',
      [FIRST, {}, { sees: { cluster: { ...cluster(2), plans: [aScalePlan({ expiresAtMs: OPENS_AT_MS })] } } }],
      ['InProgress', 'Current', 'Current'],
    ],
    [
      'current while a pod is replaced',
      [FIRST, {}, { pods: 1 }, { pods: 1, after: 58 }],
      ['InProgress', 'Current', 'Current', 'Current'],
    ],
    [
      'one in progress while the journal does not answer, and for current again',
      [FIRST, {}, { sees: unavailable }, { sees: unavailable, after: 300 }, {}],
      ['InProgress', 'Current', 'InProgress', 'InProgress', 'Current'],
    ],
    ['failed at once when its journal is another one’s', [FIRST, { sees: conflict }], ['InProgress', 'Failed']],
    [
      'failed at once while another autoscaler is there, and for current when it is gone',
      [FIRST, { sees: { cluster: { tiers: rival, plans: [] } } }, {}],
      ['InProgress', 'Failed', 'Current'],
    ],
    [
      'failed when its Secret has been missing for a minute',
      [FIRST, { pods: 0, sees: noSecret }, { sees: noSecret, after: 59 }, { sees: noSecret }, { pods: 2 }],
      ['InProgress', 'InProgress', 'InProgress', 'Failed', 'Current'],
    ],
    [
      'one in progress when its spec is changed, so that the Secret may be there in a minute',
      [
        FIRST,
        { pods: 0, sees: noSecret },
        { pods: 0, sees: noSecret, after: 60 },
        { pods: 0, sees: noSecret, campaign: generation(2) },
        { pods: 0, sees: noSecret, campaign: generation(2), after: 59 },
        { pods: 0, sees: noSecret, campaign: generation(2) },
        { campaign: generation(2) },
      ],
      ['InProgress', 'InProgress', 'Failed', 'InProgress', 'InProgress', 'Failed', 'Current'],
    ],
    [
      'one in progress when its spec is changed, and the journal was asked by the one before',
      [FIRST, { sees: conflict }, { sees: conflict, campaign: generation(2) }, { campaign: generation(2) }],
      ['InProgress', 'Failed', 'InProgress', 'Current'],
    ],
    [
      'one in progress when its pods had no place for long, and a node has not fetched the Secret yet',
      [FIRST, noPlace, { ...noPlace, after: 100 }, { pods: 0, sees: notFetched }, { pods: 0, sees: noSecret }, {}],
      ['InProgress', 'InProgress', 'InProgress', 'InProgress', 'InProgress', 'Current'],
    ],
    [
      'one in progress when its pods had no place for long, and an object is refused for a moment',
      [FIRST, noPlace, { ...noPlace, after: 100 }, { ...noPlace, sees: { ...noPlace.sees, refusals: [refusal] } }],
      ['InProgress', 'InProgress', 'InProgress', 'InProgress'],
    ],
    [
      'one in progress when its journal was away for long, and has no room for a moment',
      [FIRST, { sees: unavailable }, { sees: unavailable, after: 60 }, { sees: full }, {}],
      ['InProgress', 'InProgress', 'InProgress', 'InProgress', 'Current'],
    ],
    [
      'failed when its streams have had one replica for a minute',
      [FIRST, { sees: { journal: one } }, { sees: { journal: one }, after: 60 }],
      ['InProgress', 'InProgress', 'Failed'],
    ],
    [
      'one in progress in the tick that sees a new spec first',
      [FIRST, {}, { campaign: generation(2) }, { campaign: generation(2) }],
      ['InProgress', 'Current', 'InProgress', 'Current'],
    ],
    [
      'current also when another operator goes on with it and has not asked the journal yet',
      [FIRST, {}, { sees: { journal: undefined } }],
      ['InProgress', 'Current', 'Current'],
    ],
  ])('%s', (_, steps, want) => {
    expect(play(steps).map(kstatusOf)).toEqual(want);
  });

  it('one in progress before the operator has seen it, by the default of the schema', () => {
    const crd = JSON.stringify(customResourceDefinition(VOUCHER_CAMPAIGN));
    expect(crd).toContain('"status":{"default":{"observedGeneration":0}');
    const unseen = { ...aCampaign(), status: VOUCHER_CAMPAIGN.unseenStatus ?? {} };
    expect(kstatusOf(unseen)).toBe('InProgress');
    expect(
      keepCampaign({ ...unseen, metadata: { ...unseen.metadata, uid: 'u', resourceVersion: '1' } }),
    ).not.toHaveProperty('status');
  });

  it('one in progress while its status is of an older generation', () => {
    const [, seen] = play([FIRST, {}]);
    expect(seen && kstatusOf({ ...seen, metadata: { ...seen.metadata, generation: 2 } })).toBe('InProgress');
  });

  it('terminating when it is being deleted', () => {
    const [seen] = play([FIRST]);
    const metadata = { ...aCampaign().metadata, deletionTimestamp: new Date(START_MS).toISOString() };
    expect(seen && kstatusOf({ ...seen, metadata })).toBe('Terminating');
  });

  const broken = { ...aCampaign({ metadata: { generation: 2 } }) };
  const unreadable: VoucherCampaign = {
    ...broken,
    spec: { ...broken.spec, window: { ...broken.spec.window, closesAt: 'never' } },
  };
  const well = play([FIRST, {}]).at(-1)?.status;

  it('failed when its spec can not be read, and for current when it is mended', () => {
    const held = heldStatus(unreadable, well, heldUnreadable(unreadableInCampaign(unreadable)), START_MS);
    expect(kstatusOf({ ...unreadable, status: held })).toBe('Failed');
    const mended = generation(3);
    const next = (previous: VoucherCampaignStatus) =>
      planTick(mended, anObserved({ cluster: cluster(2), previous }), START_MS + 1_000, planDeps).status;
    const first = next(held);
    expect([first, next(first)].map((status) => kstatusOf({ ...mended, status }))).toEqual(['InProgress', 'Current']);
  });

  it('one in progress while a look at it fails', () => {
    const status = heldStatus(generation(1), well, heldFailed(new Error('x')), START_MS);
    expect(kstatusOf({ ...generation(1), status })).toBe('InProgress');
  });
});

describe('kubectl wait', () => {
  it.each<[string, readonly Step[], readonly boolean[]]>([
    ['ends for a good campaign once its tiers are there', [FIRST, { pods: 0 }, {}], [false, false, true]],
    [
      'does not end for one whose pods do not come',
      [FIRST, { pods: 0 }, { pods: 0, after: 120 }],
      [false, false, false],
    ],
    ['does not end for one whose journal is another one’s', [FIRST, { sees: conflict }], [false, false]],
  ])('--for=condition=Ready %s', (_, steps, want) => {
    expect(play(steps).map((campaign) => kubectlWaitEnds(campaign, 'Ready'))).toEqual(want);
  });

  it('--for=condition=Reconciling=false ends when a new spec has been carried out, and no sooner', () => {
    const steps = [FIRST, {}, { campaign: generation(2) }, { campaign: generation(2) }];
    expect(play(steps).map((campaign) => kubectlWaitEnds(campaign, 'Reconciling', 'False'))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    const old = play([FIRST, {}]).at(-1);
    expect(old && kubectlWaitEnds({ ...old, metadata: { ...old.metadata, generation: 2 } }, 'Ready')).toBe(false);
  });
});

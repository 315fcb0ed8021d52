import { describe, expect, it } from '@jest/globals';
import type { JournalState } from '../../../journal/administration.ts';
import { campaignTimes } from '../../../operator/tick/campaign-times.ts';
import { nextLookMs } from '../../../operator/tick/requeue.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { outcomes } from '../../helpers/condition-input.ts';
import { anObserved, freshReadings, SYNCED } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const idle: Parameters<typeof nextLookMs>[0] = {
  times: campaignTimes(aCampaign().spec),
  nowMs: OPENS_AT_MS - 60 * MINUTE_MS,
  tiers: outcomes(),
  journal: 'ready',
  stage: 'Scheduled',
  arrivalsPerSecond: 0,
  backlog: 0,
  isFirstPass: false,
  instants: [],
};

/** 8,000/s for 0.3 s after 100/s. */
const beginning = (newest: number | undefined): typeof idle.rates => ({
  over1s: 2_470,
  over3s: 890,
  over60s: 140,
  ...(newest === undefined ? {} : { newest: { perSecond: newest, seconds: 0.5 } }),
});

describe('nextLookMs', () => {
  it.each<[string, Partial<typeof idle>, number]>([
    ['idle, an hour ahead', {}, 10_000],
    ['the journal was not asked yet', { isFirstPass: true }, 0],
    ['3 s before pre-warming begins', { nowMs: OPENS_AT_MS - 30 * MINUTE_MS - 3_000 }, 3_000],
    ['pre-warming', { nowMs: OPENS_AT_MS - 30 * MINUTE_MS }, 1_000],
    ['open and quiet', { nowMs: OPENS_AT_MS, stage: 'Open' }, 1_000],
    ['draining', { nowMs: CLOSES_AT_MS, stage: 'Draining' }, 1_000],
    ['closed', { nowMs: CLOSES_AT_MS + MINUTE_MS, stage: 'Closed' }, 10_000],
    [
      'closed, and somebody still tries',
      { nowMs: CLOSES_AT_MS + MINUTE_MS, stage: 'Closed', arrivalsPerSecond: 1 },
      1_000,
    ],
    ['a backlog', { backlog: 1 }, 1_000],
    ['pods are starting', { tiers: outcomes({ intake: { ready: 1 } }) }, 5_000],
    ['pods are kept from starting', { tiers: outcomes({ intake: { ready: 1 } }), hasProblems: true }, 1_000],
    [
      'pods are starting, pre-warming',
      { tiers: outcomes({ intake: { ready: 1 } }), nowMs: OPENS_AT_MS - 30 * MINUTE_MS },
      1_000,
    ],
    ['replicas rise', { tiers: outcomes({ intake: { desired: 3 } }) }, 500],
    ['a step of which the newest half second has more than the second', { rates: beginning(4_840) }, 500],
    ['a step of which no more is to be learned', { rates: beginning(2_470) }, 10_000],
    ['a step from an older pod, whose newest half is unknown', { rates: beginning(undefined) }, 500],
    ['a rate that is no step', { rates: { over1s: 110, over3s: 100, over60s: 100 } }, 10_000],
    ['replicas fall', { tiers: outcomes({ intake: { desired: 1 } }) }, 1_000],
    [
      'a decision that Shadow never carries out',
      { tiers: outcomes({ intake: { desired: 3, isActing: false } }) },
      10_000,
    ],
    [
      'a tier whose section was taken out, with pods that are left',
      { tiers: outcomes({ verification: { exists: true, replicas: 2 } }) },
      10_000,
    ],
    ['the journal is away', { journal: 'notReady' }, 1_000],
    ['at rest while a server of the journal restarts', { journal: 'passingFault' }, 4_000],
    ['the same, open', { journal: 'passingFault', nowMs: OPENS_AT_MS, stage: 'Open' }, 1_000],
  ])('%s', (_, changes, wantMs) => {
    expect(nextLookMs({ ...idle, ...changes })).toBe(wantMs);
  });
});

describe('a campaign at rest', () => {
  const fault = { kind: 'unreachable', server: 'nats-1', sinceMs: 0 } as const;
  it.each<[string, JournalState, number]>([
    ['whose journal is well', SYNCED, 10_000],
    ['whose journal has lost a server for longer', { ...SYNCED, faults: [fault] }, 10_000],
    [
      'whose journal has a server that restarts',
      { ...SYNCED, faults: [{ kind: 'restarting', server: 'nats-1' }] },
      4_000,
    ],
    ['whose journal has both', { ...SYNCED, faults: [fault, { kind: 'electing', streams: ['REG_x_0'] }] }, 4_000],
    ['whose journal does not answer', { kind: 'unavailable', message: 'no server' }, 1_000],
  ])('%s', (_, journal, wantMs) => {
    const nowMs = OPENS_AT_MS - 60 * MINUTE_MS;
    const observed = anObserved({ journal, readings: freshReadings(nowMs) });
    const { status: previous } = planTick(aCampaign(), observed, nowMs, planDeps);
    expect(planTick(aCampaign(), { ...observed, previous }, nowMs, planDeps).requeueAfterMs).toBe(wantMs);
  });

  it('whose spec has just changed is looked at again to see what came of it', () => {
    const nowMs = OPENS_AT_MS - 60 * MINUTE_MS;
    const observed = anObserved({ readings: freshReadings(nowMs) });
    const { status: previous } = planTick(aCampaign(), observed, nowMs, planDeps);
    const changed = aCampaign({ metadata: { generation: 2 } });
    expect(planTick(changed, { ...observed, previous }, nowMs, planDeps).requeueAfterMs).toBe(1_000);
  });
});

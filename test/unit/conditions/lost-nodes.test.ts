/** Pods on nodes that do not answer: replaced at once, within the ceiling, and without feeding the decision. */
import { describe, expect, it } from '@jest/globals';
import { OVERRIDES } from '../../../contract/names.ts';
import type { ObservedTier } from '../../../operator/tick/cluster-view.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS, type ScalingChanges } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';

const START_MS = OPENS_AT_MS + 7_200_000;

/** `ready` serve, the next `lost` are on nodes that do not answer, the rest starts. */
const tier = (replicas: number, ready: number, lost: number, leaving = 0): ObservedTier => {
  const seen = anObservedTier('intake', replicas, ready);
  return {
    ...seen,
    pods: seen.pods.map((pod, n) => (n >= ready && n < ready + lost ? { ...pod, isLost: true } : pod)),
    ...(leaving === 0 ? {} : { leaving }),
  };
};

interface Changes {
  /** Arrivals are older than a tick. */
  readonly isStale?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ceiling?: number;
}
type Second = readonly [seen: ObservedTier, arrivals: number, changes?: Changes];

/** Ticks a second apart; of each what is written, and what is wanted to serve. */
const play = (seconds: readonly Second[], scaling: ScalingChanges = {}) => {
  let previous: ReturnType<typeof planTick>['status'] | undefined;
  let memory: ReturnType<typeof planTick>['memory'] | undefined;
  return seconds.map(([intake, arrivals, { isStale, annotations = {}, ceiling = 100 } = {}], second) => {
    const nowMs = START_MS + second * 1000;
    const readings = freshReadings(nowMs, { arrivals });
    const value = { over1s: arrivals, over3s: arrivals, over60s: arrivals };
    const next = planTick(
      aCampaign({
        metadata: { annotations },
        scaling: { authorized: { ceilings: { intake: ceiling } }, ...scaling },
      }),
      anObserved({
        cluster: { tiers: { intake, records: anObservedTier('records', 2) }, plans: [] },
        readings:
          isStale === true ? { ...readings, arrivals: { kind: 'stale', value, atMs: nowMs - 10_000 } } : readings,
        previous,
        memory,
      }),
      nowMs,
      planDeps,
    );
    previous = next.status;
    memory = next.memory;
    const write = next.scale.find((one) => one.tier === 'intake');
    return {
      wrote: write?.replicas,
      desired: next.tiers.intake.desired,
      status: next.status.tiers?.intake,
      event: write?.event,
    };
  });
};

describe('a node that is lost with half of the pods', () => {
  // 500/s a replica at 70 %: 14,000/s take 40.
  const CROWD = 14_000;

  it('has them replaced in the tick that sees it, and tells', () => {
    const [, second] = play([
      [tier(40, 40, 0), CROWD],
      [tier(40, 20, 20), CROWD],
    ]);
    expect(second).toMatchObject({ wrote: 60, desired: 40, status: { desired: 40, replacing: 20 } });
    expect(second?.event?.message).toMatch(/^intake 40 → 60: of which 20 replace pods on nodes/);
  });

  it('is not counted again in the ticks after', () => {
    const played = play([
      [tier(40, 40, 0), CROWD],
      [tier(40, 20, 20), CROWD],
      [tier(60, 20, 20), CROWD],
      [tier(60, 40, 20), CROWD],
      [tier(60, 40, 20), CROWD],
    ]);
    expect(played.slice(2).map(({ wrote, desired }) => [wrote, desired])).toEqual([
      [undefined, 40],
      [undefined, 40],
      [undefined, 40],
    ]);
  });

  it('is replaced within the ceiling only', () => {
    const ceilings = { authorized: { ceilings: { intake: 50 } } };
    const [, second] = play(
      [
        [tier(40, 40, 0), CROWD],
        [tier(40, 20, 20), CROWD],
      ],
      ceilings,
    );
    expect(second).toMatchObject({ wrote: 50, desired: 40 });
  });

  it('goes back to what is wanted when the cluster has given its pods up', () => {
    const played = play([
      [tier(40, 40, 0), CROWD],
      [tier(40, 20, 20), CROWD],
      [tier(60, 40, 20), CROWD],
      [tier(60, 40, 0, 20), CROWD],
      [tier(40, 40, 0, 20), CROWD],
    ]);
    expect(played.map(({ wrote }) => wrote)).toEqual([undefined, 60, undefined, 40, undefined]);
  });

  it('goes on from what a predecessor has put there', () => {
    const previous = play([
      [tier(40, 40, 0), CROWD],
      [tier(40, 20, 20), CROWD],
    ]).at(-1)?.status;
    const next = planTick(
      aCampaign({ scaling: { authorized: { ceilings: { intake: 100 } } } }),
      anObserved({
        cluster: { tiers: { intake: tier(60, 40, 20), records: anObservedTier('records', 2) }, plans: [] },
        readings: freshReadings(START_MS, { arrivals: CROWD }),
        previous: { tiers: previous === undefined ? {} : { intake: previous } },
      }),
      START_MS,
      planDeps,
    );
    expect(next.tiers.intake).toMatchObject({ desired: 40, written: 60 });
  });

  it.each(['Shadow', 'Off'] as const)('is left to others in mode %s', (mode) => {
    const played = play(
      [
        [tier(40, 40, 0), CROWD],
        [tier(40, 20, 20), CROWD],
      ],
      { mode },
    );
    expect(played.map(({ wrote }) => wrote)).toEqual([undefined, undefined]);
  });

  describe('and is back after two seconds', () => {
    /** The last ticks of ten minutes in which 60 are there and all of them serve. */
    const nodeBack = (changes: Changes, last: Changes = changes) =>
      play([
        [tier(40, 40, 0), CROWD],
        [tier(40, 20, 20), CROWD],
        ...Array.from({ length: 600 }, (): Second => [tier(60, 60, 0), CROWD, changes]),
        [tier(60, 60, 0), CROWD, last],
        [tier(60, 60, 0), CROWD, last],
        [tier(60, 60, 0), CROWD, last],
      ]);
    const held = (played: ReturnType<typeof play>) => played.slice(2, 602).map(({ wrote }) => wrote);

    it('gives back what stood in for its pods', () => {
      expect(held(nodeBack({}))).toContain(40);
    });

    it.each<[string, Changes]>([
      ['a signal is old', { isStale: true }],
      [
        'the annotation hold-until says so',
        { annotations: { [OVERRIDES.holdUntil]: new Date(START_MS + 660_000).toISOString() } },
      ],
      ['a signal is old and the ceiling has fallen', { isStale: true, ceiling: 45 }],
    ])('but not while nothing goes down, because %s', (_, changes) => {
      const played = nodeBack(changes, { ceiling: changes.ceiling ?? 100 });
      expect(new Set(held(played))).toEqual(new Set([undefined]));
      expect(played.at(-1)?.wrote).toBe(40);
    });
  });
});

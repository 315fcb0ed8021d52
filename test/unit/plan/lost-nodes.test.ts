/** Pods on nodes that do not answer: replaced at once, within the ceiling, and without feeding the decision. */
import { describe, expect, it } from '@jest/globals';
import type { ScalingSpec } from '../../../operator/api/campaign-types.ts';
import { plan } from '../../../operator/plan/plan.ts';
import type { ObservedTier } from '../../../operator/reconcile/ports.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
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

type Second = readonly [seen: ObservedTier, arrivals: number];

/** Ticks a second apart; of each what is written, and what is wanted to serve. */
const play = (seconds: readonly Second[], scaling: Partial<ScalingSpec> = {}) => {
  const campaign = aCampaign({
    scaling: { authorized: { ceilings: { intake: 100, records: 10 }, windows: [] }, ...scaling },
  });
  let previous: ReturnType<typeof plan>['status'] | undefined;
  let memory: ReturnType<typeof plan>['memory'] | undefined;
  return seconds.map(([intake, arrivals], second) => {
    const nowMs = START_MS + second * 1000;
    const next = plan(
      campaign,
      anObserved({
        cluster: { tiers: { intake, records: anObservedTier('records', 2) }, plans: [] },
        readings: freshReadings(nowMs, { arrivals }),
        previous,
        memory,
      }),
      nowMs,
      buildOptions,
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
    expect(second?.event?.message).toMatch(/^intake 40 → 60: 40 are to serve, and 20 stand in for pods on nodes/);
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
    const ceilings = { authorized: { ceilings: { intake: 50, records: 10 }, windows: [] } };
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
    const next = plan(
      aCampaign({ scaling: { authorized: { ceilings: { intake: 100, records: 10 }, windows: [] } } }),
      anObserved({
        cluster: { tiers: { intake: tier(60, 40, 20), records: anObservedTier('records', 2) }, plans: [] },
        readings: freshReadings(START_MS, { arrivals: CROWD }),
        previous: { tiers: previous === undefined ? {} : { intake: previous } },
      }),
      START_MS,
      buildOptions,
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
});

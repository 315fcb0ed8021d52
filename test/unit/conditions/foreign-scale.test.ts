/** `kubectl scale` by somebody else: undone by the next tick of whoever decided, and left to be seen by whoever did not. */
import { describe, expect, it } from '@jest/globals';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';

const NOW_MS = OPENS_AT_MS + 60_000;
const STALE = { arrivals: { kind: 'absent' }, backlog: {} } as const;

const first = planTick(
  aCampaign(),
  anObserved({
    cluster: { tiers: { intake: anObservedTier('intake', 18), records: anObservedTier('records', 2) }, plans: [] },
    readings: freshReadings(NOW_MS),
  }),
  NOW_MS,
  planDeps,
);
const DECIDED = first.tiers.intake.desired;

const afterScaledTo = (replicas: number, isFirstTick: boolean, readings: 'fresh' | 'stale') =>
  planTick(
    aCampaign(),
    anObserved({
      cluster: {
        tiers: { intake: anObservedTier('intake', replicas), records: anObservedTier('records', 2) },
        plans: [],
      },
      previous: first.status,
      memory: isFirstTick ? undefined : first.memory,
      readings: readings === 'fresh' ? freshReadings(NOW_MS + 1_000) : STALE,
    }),
    NOW_MS + 1_000,
    planDeps,
  ).scale.find(({ tier }) => tier === 'intake')?.replicas;

describe('replicas that somebody else has set', () => {
  it.each([
    ['too few', 3, 'fresh'],
    ['too few, without signals', 3, 'stale'],
    ['too many, within the ceiling', DECIDED + 1, 'fresh'],
    ['too many, without signals', 400, 'stale'],
    ['too many, above the ceiling', 400, 'fresh'],
  ] as const)('%s: are what this process decided a second later', (_, replicas, readings) => {
    expect(afterScaledTo(replicas, false, readings)).toBe(DECIDED);
  });

  it('while no operator was there are not taken away by the first tick of the next one', () => {
    expect(afterScaledTo(DECIDED + 1, true, 'fresh')).toBeUndefined();
  });
});

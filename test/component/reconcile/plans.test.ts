/** Plans through whole ticks: what is told, once, and what is written when what is authorised changes under the tick. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
/** The forecast takes 48 replicas, and 20 are authorised. */
const forecast = aCampaign({ scaling: { peakArrivalsPerSecond: 16_700 } });
let clock: FakeClock;
let world: FakeWorld;
let reconciler: Reconciler;

beforeEach(() => {
  clock = new FakeClock(OPENS_AT_MS - 25 * HOUR_MS);
  world = new FakeWorld(clock);
  reconciler = createReconciler(world.deps());
});

const ticks = async (count: number, campaign = forecast): Promise<void> => {
  for (let tick = 0; tick < count; tick += 1) {
    await reconciler.reconcile(campaign, signal);
    world.settlePods();
    await clock.advance(1_000);
  }
};
const told = (): readonly string[] =>
  world.events.map(({ reason }) => reason).filter((reason) => reason.startsWith('Plan'));

describe('a plan for the forecast', () => {
  it('is made in the first tick, and its owner is reminded once, whichever operator leads', async () => {
    await reconciler.reconcile(forecast, signal);
    expect(world.plans.map(({ spec }) => spec.reason)).toEqual(['Forecast']);
    await ticks(3);
    expect(told()).toEqual(['PlanProposed']);
    await clock.advance(HOUR_MS);
    await ticks(2);
    reconciler = createReconciler(world.deps());
    await ticks(2);
    expect(told()).toEqual(['PlanProposed', 'PlanReminder']);
    // Away for a day: only the last word counts.
    await clock.advance(23.6 * HOUR_MS);
    reconciler = createReconciler(world.deps());
    await ticks(2);
    expect(told()).toEqual(['PlanProposed', 'PlanReminder', 'PlanReminder']);
    expect(world.plans[0]?.status).toEqual({ state: 'Pending', reminded: '30m' });
  });
});

describe('a raise', () => {
  const granted = ({ metadata, spec, ...plan }: ScalePlan): ScalePlan => ({
    ...plan,
    metadata,
    spec: {
      ...spec,
      decision: { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil: '2020-09-25T10:00:00Z' },
    },
    status: { state: 'Pending', decidedAt: new Date(clock.now()).toISOString() },
  });

  it.each([
    ['is written as far as it is authorised', (plans: readonly ScalePlan[]) => plans, 48],
    ['is held when the grant went in this very moment', () => [], 20],
  ])('%s', async (_, plansThen, want) => {
    await ticks(4);
    world.plans.splice(0, 1, ...world.plans.map(granted));
    await clock.advance(24.8 * HOUR_MS);
    reconciler = createReconciler({
      ...world.deps(),
      authorization: {
        read: async (campaign, plans) => ({
          authorized: campaign.spec.scaling.authorized,
          plans: plansThen(plans),
          fromMs: clock.now(),
        }),
      },
    });
    world.readings = freshReadings(clock.now());
    await ticks(2);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(want);
    expect(world.events.some(({ reason }) => reason === 'CeilingHeld')).toBe(want === 20);
    expect(world.events.some(({ message }) => message.includes('→ 48'))).toBe(want === 48);
  });

  it('that nobody can judge is not written, and the tick goes on', async () => {
    await ticks(4);
    await clock.advance(24.8 * HOUR_MS);
    const authorization = { read: () => Promise.reject(new Error('the API server is away')) };
    reconciler = createReconciler({ ...world.deps(), authorization });
    await ticks(1);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(2);
    expect(world.failures).toContain('scale');
    expect(world.statuses.at(-1)?.tiers?.intake?.desired).toBe(20);
  });
});

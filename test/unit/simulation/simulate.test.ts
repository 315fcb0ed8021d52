import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { perTier } from '../../../contract/tiers.ts';
import { simulate } from '../../../simulation/simulate.ts';
import { parseTrace, playTrace } from '../../../simulation/trace.ts';
import { newWaits } from '../../../simulation/waits.ts';
import { aCampaign, OPENS_AT_MS, type ScalingChanges, withoutForecast } from '../../helpers/a-campaign.ts';

/** The figures of the comparison in which the law was chosen: µ = 20/s, 10 pods, 100/s then 8,000/s. */
const scaling: ScalingChanges = {
  peakArrivalsPerSecond: 8000,
  // Short, so that the timeline has every second.
  preWarm: { leadTime: '2m' },
  authorized: { ceilings: perTier(() => 1000) },
  tiers: perTier(() => ({ min: 10, max: 1000, capacityPerReplica: 20 })),
};
const PLANT = { startSeconds: 8, podsCreatedPerSecond: 20 };
const STEP = parseTrace('seconds,arrivalsPerSecond\n0,100\n120,8000\n520,0\n');
const warm = aCampaign({ scaling }).spec;
const cold = withoutForecast(aCampaign({ scaling })).spec;

describe('simulate', () => {
  it('lets nobody wait behind a pre-warmed floor', () => {
    const result = simulate(warm, STEP, PLANT);
    expect(result).toMatchObject({
      waitP99Seconds: 0,
      lateOver5Seconds: 0,
      peakBacklog: 0,
      drainedAtSeconds: 0,
      plans: [],
    });
    // 8,000 / (0.7 · 20) = 571.4: what stands is what is needed.
    expect(result.maxReplicas).toBe(572);
    expect(result.firstScaleUpSeconds).toBeUndefined();
  });

  it('answers a step in the second that sees it, and works the crowd off', () => {
    const result = simulate(cold, STEP, PLANT);
    expect(result.firstScaleUpSeconds).toBe(120);
    const at = (t: number) => result.timeline.find((point) => point.t === t);
    expect(at(120)).toMatchObject({ arrivals: 8000, desired: 824, ready: 10, limitedBy: 'Lateness' });
    // 10 pods take 200 of 8,000 in each of the first 9 seconds: 8 s to Ready, counted from the tick.
    expect(at(127)?.backlog).toBe(8 * 7800);
    // 20 pods a second, from the 9th second on.
    expect(at(129)?.ready).toBe(50);
    expect(result.drainedAtSeconds).toBeGreaterThan(130);
    expect(result.drainedAtSeconds).toBeLessThan(200);
    expect(result.lateOver5Seconds).toBeGreaterThan(0);
  });

  it('starts faster where pods are created faster', () => {
    const [slow, fast] = [20, 200].map((podsCreatedPerSecond) =>
      simulate(cold, STEP, { startSeconds: 8, podsCreatedPerSecond }),
    );
    expect(fast?.lateOver5Seconds).toBeLessThan(slow?.lateOver5Seconds ?? 0);
  });

  it('stays below the ceiling, says from when it was too low, and that people were never served', () => {
    const ceilings = { ...scaling.authorized?.ceilings, intake: 50 };
    const limited = withoutForecast(aCampaign({ scaling: { ...scaling, authorized: { ceilings } } }));
    const result = simulate(limited.spec, STEP, PLANT);
    expect(result.maxReplicas).toBe(50);
    expect(result.plans[0]).toEqual({ t: 120, tier: 'intake', reason: 'Load', needed: 824, ceiling: 1000 });
    // People who are turned away come again, so the need grows; asked again only when by a fifth, or after 15 minutes.
    expect(result.plans.length).toBeLessThan(12);
    expect(result.timeline.find(({ t }) => t === 200)).toMatchObject({ desired: 50, limitedBy: 'Ceiling' });
    // 7,000/s too many for 400 s, at 1,000/s: an hour is just enough.
    expect(result.peakBacklog).toBeGreaterThan(2_700_000);
    expect(result.waitP99Seconds).toBeGreaterThan(2_000);
  });

  it('sends the records after the journal when they are the narrow part', () => {
    const tiers = { ...warm.scaling.tiers, records: { min: 2, max: 3, capacityPerReplica: 1000 } };
    const result = simulate({ ...warm, scaling: { ...warm.scaling, tiers } }, STEP, PLANT);
    // 5,000/s more than three replicas can write, for 400 s.
    expect(result.peakBacklog).toBe(2_000_000);
    // Intake answered at once; what is waited for is the record.
    expect(result.waitP99Seconds).toBeGreaterThan(600);
    expect(result.plans).toEqual([]);
  });

  it('refuses who comes after closing, and counts them as demand', () => {
    const closesAt = new Date(OPENS_AT_MS + 200_000).toISOString();
    const result = simulate({ ...warm, window: { ...warm.window, closesAt } }, STEP, PLANT);
    expect(result.peakBacklog).toBe(0);
    expect(result.timeline.find(({ t }) => t === 300)?.desired).toBe(572);
  });

  it('loses nobody: who arrived is recorded or late, on any trace', () => {
    const rate = fc.integer({ min: 0, max: 3_000 });
    fc.assert(
      fc.property(
        fc.array(rate, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 30 }),
        (rates, startSeconds) => {
          const rows = rates.map((arrivalsPerSecond, index) => ({ atSeconds: index * 20, arrivalsPerSecond }));
          const trace = [...rows, { atSeconds: rates.length * 20, arrivalsPerSecond: 0 }];
          const result = simulate(cold, trace, { startSeconds, podsCreatedPerSecond: 20 });
          expect(result.drainedAtSeconds).toBeDefined();
          expect(result.lateOver5Seconds).toBeLessThanOrEqual(20 * rates.reduce((sum, each) => sum + each, 0) + 1);
          expect(result.waitP50Seconds).toBeLessThanOrEqual(result.waitP99Seconds);
          expect(result.timeline.every(({ ready, desired }) => ready <= Math.max(10, desired))).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('waits', () => {
  it('serves who came first, and counts who still waits', () => {
    const waits = newWaits();
    waits.step(100, 60);
    waits.step(0, 0);
    waits.step(0, 30);
    for (let second = 3; second < 10; second += 1) waits.step(0, 0);
    // 60 waited 0 s, 30 waited 2 s, 10 have waited 10 s so far.
    expect(waits.summary()).toEqual({ p50: 0, p99: 10, lateOver5: 10 });
  });
  it('has nothing to say of nobody', () => {
    expect(newWaits().summary()).toEqual({ p50: 0, p99: 0, lateOver5: 0 });
  });
});

describe('parseTrace', () => {
  it('reads rows, comments and a header', () => {
    expect(parseTrace('# a\r\nseconds,arrivalsPerSecond\r\n-5, 1.5\r\n0,8e3\r\n\r\n60,0\r\n')).toEqual([
      { atSeconds: -5, arrivalsPerSecond: 1.5 },
      { atSeconds: 0, arrivalsPerSecond: 8000 },
      { atSeconds: 60, arrivalsPerSecond: 0 },
    ]);
  });

  it.each([
    ['0,1\nsoon,2\n', 'line 2: write two numbers, seconds,arrivalsPerSecond, such as 60,8000'],
    ['0\n', 'line 1: write two numbers, seconds,arrivalsPerSecond, such as 60,8000'],
    ['0,1,2\n', 'line 1: write two numbers, seconds,arrivalsPerSecond, such as 60,8000'],
    ['0,\n', 'line 1: write two numbers, seconds,arrivalsPerSecond, such as 60,8000'],
    ['0,1\n60,-2\n', 'line 2: the rate is -2; write arrivals per second from 0 on'],
    ['0,Infinity\n', 'line 1: the rate is Infinity; write arrivals per second from 0 on'],
    ['Infinity,1\n', 'line 1: write a finite second, counted from opensAt'],
    ['# x\n60,1\n60,2\n', 'line 3: second 60 does not come after 60; sort the rows by time'],
    ['0,1\n', 'a trace needs at least two rows: where a rate begins and where it ends'],
  ])('%j names the line and the remedy', (csv, message) => {
    expect(() => parseTrace(csv)).toThrow(message);
  });
});

describe('playTrace', () => {
  it('holds a rate until the next row; the last row ends it', () => {
    const rateAt = playTrace(parseTrace('0,10\n60,300\n90,7\n'));
    expect([-1, 0, 59, 60, 89, 90, 1000].map(rateAt)).toEqual([0, 10, 10, 300, 300, 0, 0]);
  });
});

describe('simulate, with a database that is full', () => {
  const CAPPED = { ...PLANT, databasePerSecond: 1_500 };
  const STEADY = parseTrace('0,100\n120,3000\n900,0\n');
  it('stops growing, lets in what comes through, and recovers when demand falls', () => {
    const tiers = { ...cold.scaling.tiers, intake: { min: 300, max: 1000, capacityPerReplica: 20 } };
    const spec = { ...cold, scaling: { ...cold.scaling, tiers } };
    const [open, capped] = [PLANT, CAPPED].map((plant) => simulate(spec, STEADY, plant, { tier: 'records' }));
    expect(open?.timeline.some(({ limitedBy }) => limitedBy === 'Downstream')).toBe(false);
    expect(capped?.maxReplicas).toBeLessThan(500);
    expect(capped?.drainedAtSeconds).toBeDefined();
  });
});

describe('simulate, policy by policy', () => {
  it.each(['hpa-default', 'keda-default', 'keda-expert'] as const)('%s loses to ours on a step', (policy) => {
    const [rival, ours] = [simulate(cold, STEP, PLANT, { policy }), simulate(cold, STEP, PLANT)];
    expect(rival.policy).toBe(policy);
    expect(rival.lateOver5Seconds).toBeGreaterThan(ours.lateOver5Seconds);
    expect(rival.plans).toEqual([]);
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { TierInput, TierLimits } from '../../../operator/scaling/types.ts';
import { caseOfTrace, casesOf, defaultCampaign } from '../../bench/traces/cases.ts';
import { type Contestant, play } from '../../bench/traces/play.ts';
import type { DueBack } from '../../bench/traces/sabotage.ts';
import { countsReturnsAsArrivals } from '../../bench/traces/sabotage.ts';
import { type Contest, lostOn, verdictOf } from '../../bench/traces/verdict.ts';

const campaign = await defaultCampaign();
const cases = casesOf('unit', campaign);

/** A contest that reaches every goal; a test states only what differs. */
const aContest = (law: Partial<Contest['law']> = {}): Contest => ({
  name: 'one',
  law: { late: 700, podSeconds: 900, turnsPerHour: 1, waitP99Seconds: 6, ...law },
  expert: { late: 1_000, podSeconds: 1_000, turnsPerHour: 1, waitP99Seconds: 9 },
  eachSecond: { late: 800, podSeconds: 1_000, turnsPerHour: 1, waitP99Seconds: 8 },
  unavoidable: 100,
});
const missed = (contests: readonly Contest[]): readonly string[] =>
  verdictOf(contests)
    .filter(({ holds }) => !holds)
    .map(({ goal }) => goal);

describe('the traces', () => {
  it('are at least 40, from 20/s to 20,000/s, half an hour to four hours, the same for the same seed', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40);
    const digest = (all: typeof cases): string => createHash('sha256').update(JSON.stringify(all)).digest('hex');
    expect(digest(casesOf('unit', campaign))).toBe(digest(cases));
    expect(digest(casesOf('other', campaign))).not.toBe(digest(cases));
    const drawn = cases.filter(({ name }) => !name.startsWith('noise')).map(({ peak }) => peak);
    expect(Math.min(...drawn)).toBeLessThan(40);
    expect(Math.max(...drawn)).toBeGreaterThan(10_000);
    for (const { trace } of cases) {
      const seconds = (trace.at(-1)?.atSeconds ?? 0) - (trace[0]?.atSeconds ?? 0) - 600;
      expect(seconds).toBeGreaterThanOrEqual(1_800);
      expect(seconds).toBeLessThanOrEqual(4 * 3_600);
    }
  });

  it('change nothing of the default settings but capacity, maximum, ceiling and forecast', () => {
    for (const { spec } of cases) {
      const { tiers: _tiers, authorized: _authorized, peakArrivalsPerSecond: _peak, ...scaling } = spec.scaling;
      const { tiers: _, authorized: __, ...defaults } = campaign.scaling;
      expect(scaling).toEqual(defaults);
      expect({ ...spec, scaling: campaign.scaling }).toEqual(campaign);
    }
  });

  it('keep replicas within 2,000, and the ceiling below the need only where they say so', () => {
    for (const { spec, peak, settings } of cases) {
      const { tiers, authorized } = spec.scaling;
      const ceiling = authorized.ceilings.intake;
      const need = peak / (0.7 * tiers.intake.capacityPerReplica);
      expect(tiers.intake.max).toBeLessThanOrEqual(2_000);
      expect(ceiling < need).toBe(settings.includes('ceiling binds'));
    }
  });

  it('play another’s trace as it is', () => {
    const trace = [
      { atSeconds: 0, arrivalsPerSecond: 10 },
      { atSeconds: 60, arrivalsPerSecond: 300 },
      { atSeconds: 120, arrivalsPerSecond: 0 },
    ];
    const { trace: played, peak } = caseOfTrace('unit', campaign, 'theirs', trace);
    expect(played.slice(0, 2)).toEqual(trace.slice(0, 2));
    expect(peak).toBe(300);
  });
});

describe('the verdict', () => {
  it('holds where every goal is reached', () => {
    expect(missed([aContest()])).toEqual([]);
    expect(lostOn(aContest())).toEqual([]);
  });

  it('names what is missed', () => {
    expect(lostOn(aContest({ late: 1_051 }))).toEqual(['late']);
    expect(lostOn(aContest({ turnsPerHour: 2.1 }))).toEqual(['turns']);
    // 740 is 640 that could be avoided, of 900.
    expect(missed([aContest({ late: 830 })])).toEqual([
      'avoidable late ≤ 0.8 × keda-expert in sum',
      'fewer late than keda-expert-1s in sum',
    ]);
    expect(missed([aContest({ podSeconds: 960 })])).toEqual([
      'pod-seconds ≤ 0.95 × keda-expert where citizens wait, geometric mean',
    ]);
    expect(missed([aContest({ podSeconds: 1_001 })])).toContain('no more pod-seconds than keda-expert-1s in sum');
    expect(missed([aContest({ podSeconds: 1_101 })])).toHaveLength(3);
  });
});

describe('four traces, played', () => {
  const four = ['second-wave-1', 'mention-2', 'noise-3', 'step-and-plateau-1'].flatMap((name) =>
    cases.filter((trace) => trace.name === name),
  );
  const contestsOf = (law: Contestant): readonly Contest[] =>
    four.map((trace) => ({
      name: trace.name,
      law: play(trace, law),
      expert: play(trace, 'keda-expert'),
      eachSecond: play(trace, 'keda-expert-1s'),
      unavoidable: play(trace, 'always-the-maximum').late,
    }));

  it('the law makes no more citizens late than a tuned KEDA', () => {
    const contests = contestsOf('voucher-operator');
    expect(contests).toHaveLength(4);
    expect(contests.flatMap(lostOn)).toEqual([]);
  });

  it('a law that drops everything at once fails', () => {
    const contests = contestsOf('drops-at-once');
    expect(contests.flatMap(lostOn)).toContain('turns');
    expect(missed(contests).length).toBeGreaterThan(0);
  });
});

describe('a law that counts returns as arrivals', () => {
  const limits: TierLimits = {
    min: 2,
    max: 10_000,
    ceiling: 10_000,
    capacityPerReplica: 40,
    targetUtilisation: 0.7,
    drainWithinSeconds: 30,
    scheduleFloor: 0,
    down: { windowSeconds: 300, percentPerMinute: 10 },
  };
  const wantedWith = (due: DueBack): number => {
    const law = countsReturnsAsArrivals({ phaseSeconds: 0 });
    let wanted = 0;
    for (let second = 1; second <= 5; second += 1) {
      const nowMs = second * 1_000;
      const fresh = <T>(value: T) => ({ kind: 'fresh' as const, value, atMs: nowMs });
      const arrivals = fresh({ over1s: 1_000, over3s: 1_000, over60s: 1_000 });
      const input: TierInput & { readonly dueBack: unknown } = {
        ...{ nowMs, replicas: 36, ready: 36, arrivals },
        dueBack: fresh(due),
      };
      ({ wanted } = law(input, limits));
    }
    return wanted;
  };

  it('wants more the more come again, and nothing for who only waits', () => {
    expect(wantedWith({ citizens: 5_000, perSecond: 0 })).toBe(wantedWith({ citizens: 0, perSecond: 0 }));
    expect(wantedWith({ citizens: 5_000, perSecond: 2_000 })).toBeGreaterThan(100);
  });
});

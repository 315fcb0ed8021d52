/** What the law learns on the way: a replica's capacity, growth that brings nothing, how fast pods come. */
import { describe, expect, it } from '@jest/globals';
import { capacityOf } from '../../../operator/scaling/capacity.ts';
import { decide } from '../../../operator/scaling/decide.ts';
import { podStarts } from '../../../operator/scaling/pod-starts.ts';
import { type Decision, EMPTY_MEMORY, type TierInput, type TierMemory } from '../../../operator/scaling/types.ts';
import { aTierLimits, fresh, NOW_MS, stale, steady } from '../../helpers/tier.ts';

interface Second {
  readonly ready: number;
  readonly served: number;
  readonly waiting?: number;
  readonly arriving?: number;
  readonly changes?: Partial<TierInput>;
}

/** One decision a second; µ declared 20/s. */
const play = (seconds: readonly Second[], memory: TierMemory = EMPTY_MEMORY): readonly Decision[] => {
  let [now, nowMs] = [memory, memory.lastTickMs ?? NOW_MS];
  return seconds.map(({ ready, served, waiting = 100_000, arriving = 200, changes }) => {
    nowMs += 1000;
    const input: TierInput = {
      nowMs,
      replicas: ready,
      ready,
      arrivals: fresh(steady(arriving), nowMs),
      backlog: fresh({ messages: waiting }, nowMs),
      served: fresh(served, nowMs),
      ...changes,
    };
    const decision = decide(input, aTierLimits(), now);
    now = decision.memory;
    return decision;
  });
};
const seconds = (count: number, second: Second): readonly Second[] => Array.from({ length: count }, () => second);
const capacityAfter = (played: readonly Second[]): number =>
  capacityOf({ capacityPerReplica: 20 }, play(played).at(-1)?.memory ?? EMPTY_MEMORY);

describe('learned capacity', () => {
  it('plays the worked example: ten that serve 150/s, 19.5/s after one tick and 15.7/s after 20', () => {
    // Eleven samples span the 10 s; what they say counts from the tick after.
    expect(capacityAfter(seconds(11, { ready: 10, served: 150 }))).toBe(20);
    expect(capacityAfter(seconds(12, { ready: 10, served: 150 }))).toBeCloseTo(19.5, 6);
    expect(capacityAfter(seconds(31, { ready: 10, served: 150 }))).toBeCloseTo(15.6, 1);
  });

  it.each([
    ['at most one and a half times what was declared', seconds(200, { ready: 10, served: 900 }), 30],
    ['at least half of it', seconds(200, { ready: 10, served: 10 }), 10],
    ['nothing while nothing waits', seconds(60, { ready: 10, served: 150, waiting: 100 }), 20],
    [
      'nothing while pods come',
      Array.from({ length: 60 }, (_, n) => ({ ready: 10 + Math.floor(n / 9), served: 2_000 })),
      20,
    ],
    [
      'nothing across a gap in a signal',
      seconds(5, { ready: 10, served: 150 }).concat(
        [{ ready: 10, served: 150, changes: { served: stale(150) } }],
        seconds(10, { ready: 10, served: 150 }),
      ),
      20,
    ],
  ])('%s', (_, played, capacity) => {
    expect(capacityAfter(played)).toBe(capacity);
  });

  it('is what the worse seconds did, not the mean', () => {
    const uneven = Array.from({ length: 200 }, (_, n) => ({ ready: 10, served: n % 3 === 0 ? 140 : 400 }));
    expect(capacityAfter(uneven)).toBeCloseTo(14, 1);
  });

  it('of an edited spec counts within its bounds', () => {
    expect(capacityOf({ capacityPerReplica: 100 }, { capacityPerReplica: 7 })).toBe(50);
  });

  it('without a queue is not learned: what was turned away may have been wrong or too early', () => {
    const noQueue = seconds(60, { ready: 10, served: 0, arriving: 900 }).reduce<TierMemory>((memory, _, n) => {
      const nowMs = NOW_MS + n * 1000;
      const arrivals = fresh(steady(900), nowMs);
      return decide({ nowMs, replicas: 10, ready: 10, arrivals, served: fresh(0, nowMs) }, aTierLimits(), memory)
        .memory;
    }, EMPTY_MEMORY);
    expect(capacityOf({ capacityPerReplica: 20 }, noQueue)).toBe(20);
  });
});

/** A database that takes 100/s, whatever the replicas: two scale-ups bring nothing. */
const CAPPED = [
  ...seconds(13, { ready: 10, served: 100 }),
  ...seconds(13, { ready: 11, served: 100 }),
  ...seconds(13, { ready: 13, served: 100 }),
];

describe('growth that brings nothing', () => {
  it('ends after two scale-ups, and 90 % of what comes through is let in', () => {
    const played = play(CAPPED);
    expect(played.at(22)?.admissionPerSecond).toBeUndefined();
    expect(played.at(-1)).toMatchObject({ limitedBy: 'Downstream', replicas: 13, admissionPerSecond: 90 });
    expect(played.at(-1)?.explanation).toContain('two scale-ups did not raise throughput');
  });

  it('is none when one of them brought its tenth: 20/s expected, 2/s came', () => {
    const played = play([
      ...seconds(13, { ready: 10, served: 100 }),
      ...seconds(13, { ready: 11, served: 102 }),
      ...seconds(13, { ready: 13, served: 102 }),
    ]);
    expect(played.at(-1)?.admissionPerSecond).toBeUndefined();
    expect(played.at(-1)?.limitedBy).not.toBe('Downstream');
  });

  it('is not hidden by a bad moment between two scale-ups', () => {
    const played = play([
      ...seconds(13, { ready: 10, served: 100 }),
      ...seconds(13, { ready: 11, served: 80 }),
      ...seconds(13, { ready: 13, served: 101 }),
    ]);
    expect(played.at(-1)).toMatchObject({ limitedBy: 'Downstream' });
  });

  it('is none while throughput grows with the replicas, nor when it can’t because nothing waits', () => {
    const growing = Array.from({ length: 60 }, (_, n) => ({ ready: 10 + n, served: (10 + n) * 20 }));
    const idle = Array.from({ length: 60 }, (_, n) => ({ ready: 10 + n, served: 100, waiting: 10 }));
    for (const seen of [growing, idle]) {
      expect(play(seen).every(({ admissionPerSecond }) => admissionPerSecond === undefined)).toBe(true);
    }
  });

  const whenFull = (...then: readonly Second[]) => play(then, play(CAPPED).at(-1)?.memory);

  it('is over when a replica does half as much again', () => {
    expect(whenFull(...seconds(13, { ready: 13, served: 145 })).at(-1)?.admissionPerSecond).toBeDefined();
    const recovered = whenFull(...seconds(13, { ready: 13, served: 155 })).at(-1);
    expect(recovered?.admissionPerSecond).toBeUndefined();
    expect(recovered?.replicas).toBeGreaterThan(13);
  });

  it('is over when demand falls below what is let in', () => {
    const quiet = { ready: 13, served: 80, waiting: 0, arriving: 80 };
    expect(whenFull(...seconds(2, quiet)).at(-1)?.admissionPerSecond).toBeUndefined();
  });

  it('probes for more while nothing waits and more arrive, and yields when something waits again', () => {
    const drained = whenFull(...seconds(11, { ready: 13, served: 90, waiting: 0 }));
    // The first two still see what waited.
    expect(drained.at(-1)?.admissionPerSecond).toBeCloseTo(90 * 1.01 ** 10, 1);
    const back = play(seconds(13, { ready: 13, served: 95 }), drained.at(-1)?.memory);
    expect(back.at(-1)?.admissionPerSecond).toBeCloseTo(0.9 * 95, 6);
  });

  it('follows what comes through while something waits, down and up', () => {
    const less = whenFull(...seconds(13, { ready: 13, served: 50 }));
    expect(less.at(-1)?.admissionPerSecond).toBeCloseTo(0.9 * 50, 6);
    const more = play(seconds(13, { ready: 13, served: 120 }), less.at(-1)?.memory);
    expect(more.at(-1)?.admissionPerSecond).toBeCloseTo(0.9 * 120, 6);
  });

  it('lets in one replica’s work when nothing comes through', () => {
    const dead = whenFull(...seconds(13, { ready: 13, served: 0 })).at(-1);
    expect(dead?.admissionPerSecond).toBeCloseTo(dead?.evidence.capacityPerReplica ?? 0, 6);
  });

  it('stays as it is while the throughput is unknown', () => {
    const blind = whenFull(...seconds(5, { ready: 13, served: 0, changes: { served: { kind: 'absent' } } }));
    expect(blind.at(-1)).toMatchObject({ limitedBy: 'Downstream', admissionPerSecond: 90 });
  });
});

describe('pods on their way', () => {
  it('measures starts and the rate at which they come', () => {
    const pod = (createdSecond: number, tookSeconds?: number) => ({
      ready: tookSeconds !== undefined,
      createdAtMs: NOW_MS + createdSecond * 1000,
      ...(tookSeconds === undefined ? {} : { readyAtMs: NOW_MS + (createdSecond + tookSeconds) * 1000 }),
    });
    const tenths = Array.from({ length: 10 }, (_, n) => pod(-500 + n * 7, n + 1));
    expect(podStarts(tenths, NOW_MS, 0)).toEqual({ startSeconds: 9, startingSeconds: [] });
    // One that was Ready again after an hour did not take an hour to start.
    expect(podStarts([...tenths, pod(-5000, 3600)], NOW_MS, 0).startSeconds).toBe(9);
    const burst = [1, 2, 20, 20, 20].flatMap((count, second) => Array.from({ length: count }, () => pod(second - 5)));
    const seen = podStarts(burst, NOW_MS, 40);
    expect(seen.createdPerSecond).toBe(12.6);
    expect(seen.startSeconds).toBeUndefined();
    expect(seen.startingSeconds.slice(0, 2)).toEqual([5, 4]);
    // All that were asked for are there: so many were asked for, more might have been created.
    expect(podStarts(burst, NOW_MS, 0).createdPerSecond).toBeUndefined();
    expect(podStarts([pod(-100), pod(-1)], NOW_MS, 9).createdPerSecond).toBeUndefined();
    const quick = Array.from({ length: 600 }, (_, n) => pod(-3 + Math.floor(n / 200)));
    expect(podStarts(quick, NOW_MS, 9).createdPerSecond).toBe(200);
  });
});

describe('panic', () => {
  const until = (input: Partial<TierInput>) =>
    decide(
      { nowMs: NOW_MS, replicas: 10, ready: 10, arrivals: fresh(steady(0)), ...input },
      aTierLimits(),
      EMPTY_MEMORY,
    ).memory.panicUntilMs;
  const waiting = (excess: number) => ({ arrivals: fresh(steady(100)), backlog: fresh({ messages: 100 + excess }) });
  it.each([
    ['15 wanted, 10 ready', { arrivals: fresh(steady(210)) }, NOW_MS + 120_000],
    ['14 wanted', { arrivals: fresh(steady(196)) }, undefined],
    ['more than 3 s of work waits', waiting(601), NOW_MS + 120_000],
    ['3 s of work', waiting(600), undefined],
  ])('%s', (_, input, want) => {
    expect(until(input)).toBe(want);
  });
});

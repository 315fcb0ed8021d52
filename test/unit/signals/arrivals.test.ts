import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecentArrivals } from '../../../app/http/recent-arrivals.ts';
import { PAGE_WAITS_MORE, RETRY_AFTER_SECONDS } from '../../../contract/crowd/returns.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { arrivalRate } from '../../../operator/scaling/demand.ts';
import { ArrivalCounts, type Arrivals } from '../../../operator/signals/arrivals.ts';
import type { RecentSecond } from '../../../operator/signals/recent-second.ts';
import type { IntakeSample } from '../../../operator/signals/scrape.ts';

const START_MS = 1_600_999_200_000;
const HOUR = 3_600;

interface Pod {
  readonly pod?: string;
  readonly counter?: number;
  readonly returned?: number;
  readonly sentAway?: number;
  readonly recent?: Partial<RecentSecond>;
  /** Seconds; an hour ago unless stated. */
  readonly started?: number;
  /** Its clock, in seconds; the tick's unless stated. */
  readonly source?: number;
}

const NONE: RecentSecond = { tenths: Array.from({ length: 10 }, () => 0), returned: [0, 0], dueBack: 0 };
/** So many in each tenth. */
const even = (perSecond: number): readonly number[] => NONE.tenths.map(() => perSecond / 10);

/** Tick by tick, a second apart unless stated: what all pods show. */
const play = (ticks: readonly (readonly Pod[])[], secondsApart = 1): readonly (Arrivals | undefined)[] => {
  const counts = new ArrivalCounts();
  return ticks.map((pods, tick) => {
    const atSeconds = tick * secondsApart;
    const samples = pods.map(
      ({
        pod = 'a',
        counter = 0,
        sentAway = 0,
        returned,
        recent,
        started = -HOUR,
        source = atSeconds,
      }): IntakeSample => ({
        pod,
        counter,
        sentAway,
        startedAtMs: START_MS + started * 1000,
        sourceAtMs: START_MS + source * 1000,
        ...(returned === undefined ? {} : { returned }),
        ...(recent === undefined ? {} : { recent: { ...NONE, ...recent } }),
      }),
    );
    return counts.add(samples, START_MS + atSeconds * 1000, new Set()).seen;
  });
};

describe('first attempts', () => {
  const cases: Record<string, { readonly ticks: readonly (readonly Pod[])[]; readonly rates: readonly number[] }> = {
    'are attempts, where no one was shed': {
      ticks: [[{ counter: 0, returned: 0 }], [{ counter: 100, returned: 0 }]],
      rates: [100, 100, 100],
    },
    'are attempts less those who were expected': {
      ticks: [[{ counter: 500, returned: 200 }], [{ counter: 600, returned: 270.5 }]],
      rates: [29.5, 29.5, 29.5],
    },
    'are never less than none': {
      ticks: [[{ counter: 0, returned: 0 }], [{ counter: 100, returned: 130 }]],
      rates: [0, 0, 0],
    },
    'are of all pods together: who was shed by one comes again to another': {
      ticks: [
        [
          { pod: 'a', counter: 0, returned: 0 },
          { pod: 'b', counter: 0, returned: 0 },
        ],
        [
          { pod: 'a', counter: 100, returned: 150 },
          { pod: 'b', counter: 100, returned: 0 },
        ],
      ],
      rates: [50, 50, 50],
    },
    'are all attempts of a pod of an older release': {
      ticks: [
        [
          { pod: 'a', counter: 0, returned: 0 },
          { pod: 'b', counter: 0 },
        ],
        [
          { pod: 'a', counter: 100, returned: 40 },
          { pod: 'b', counter: 100 },
        ],
      ],
      rates: [160, 160, 160],
    },
    'begin anew with a process, as its counters do': {
      ticks: [
        [{ counter: 9_000, returned: 4_000 }],
        [{ counter: 9_000, returned: 4_000 }],
        [{ counter: 80, returned: 30, started: 1 }],
      ],
      rates: [50, 25, 25],
    },
    'are counted once behind a page that was wrong in between': {
      ticks: [
        [{ counter: 1_000, returned: 500 }],
        [{ counter: 900, returned: 520 }],
        [{ counter: 1_200, returned: 600 }],
      ],
      rates: [50, 50, 50],
    },
    'of a pod that vanished leave the windows with its attempts': {
      ticks: [
        [
          { pod: 'a', counter: 0, returned: 0 },
          { pod: 'b', counter: 0, returned: 0 },
        ],
        [
          { pod: 'a', counter: 60, returned: 0 },
          { pod: 'b', counter: 120, returned: 90 },
        ],
        [{ pod: 'a', counter: 120, returned: 0 }],
      ],
      rates: [60, (120 + 30) / 2, (120 + 30) / 2],
    },
    'of a pod that is first seen after a minute of life bring no total': {
      ticks: [
        [{ pod: 'a', counter: 0, returned: 0 }],
        [
          { pod: 'a', counter: 10, returned: 0 },
          { pod: 'b', counter: 70_000, returned: 50_000 },
        ],
      ],
      rates: [10, 10, 10],
    },
  };
  it.each(Object.entries(cases))('%s', (_, { ticks, rates }) => {
    const seen = play(ticks).at(-1)?.rates;
    expect([seen?.over1s, seen?.over3s, seen?.over60s]).toEqual(rates.map((rate) => expect.closeTo(rate, 6)));
  });

  it('do not rise because returns do', () => {
    const ticks = Array.from({ length: 12 }, (_, tick): readonly Pod[] => {
      const returned = 40 * tick * tick;
      return [{ counter: 100 * tick + returned, returned }];
    });
    const [last] = play(ticks).slice(-1);
    expect(last?.rates.risePerSecond).toBe(0);
    expect(last?.attemptedPerSecond).toBeGreaterThan(800);
    const all = play(ticks.map((pods) => pods.map(({ returned: _returned, ...pod }) => pod)));
    expect(all.at(-1)?.rates.risePerSecond).toBeCloseTo(80, 6);
  });
});

describe('the last second', () => {
  const step = [800, 800, 800, 10, 10, 10, 10, 10, 10, 10];

  it('is what the pods tell, whenever they were asked', () => {
    // A step 0.3 s before the look: of two readings 2,470 in a tick that took 1.3 s.
    const ticks = [
      [{ counter: 1_000, returned: 0, recent: { tenths: even(100) } }],
      [{ counter: 3_500, returned: 0, recent: { tenths: step } }],
    ];
    expect(play(ticks, 1.3).at(-1)?.rates).toMatchObject({
      over1s: 2_470,
      newest: { perSecond: 2 * (3 * 800 + 2 * 10), seconds: 0.5 },
    });
  });

  it('is there at the first look, and stands for the longer windows', () => {
    const [seen] = play([[{ counter: 1_000_000, returned: 5, recent: { tenths: even(300), returned: [20, 30] } }]]);
    expect(seen).toMatchObject({ rates: { over1s: 250, over3s: 250, over60s: 250 }, attemptedPerSecond: 300 });
    expect(seen).not.toHaveProperty('shedPercent');
  });

  it('is a difference of two looks as soon as one pod tells no tenths', () => {
    const newer = (counter: number): Pod => ({ counter, returned: 0, recent: { tenths: even(900) } });
    const ticks = [0, 100].map((counter) => [newer(counter), { pod: 'old', counter }]);
    expect(play(ticks)[0]).toBeUndefined();
    expect(play(ticks)[1]?.rates).toEqual({ over1s: 200, over3s: 200, over60s: 200, risePerSecond: 0 });
  });

  it('of a page that stands still is not told twice', () => {
    const page = { pod: 'a', counter: 500, returned: 0, source: 1, recent: { tenths: even(900) } };
    const other = (counter: number): Pod => ({ pod: 'b', counter, returned: 0, recent: { tenths: even(10) } });
    const ticks = [[other(0)], [page, other(10)], [page, other(20)]];
    expect(play(ticks).map((seen) => seen?.rates.over1s)).toEqual([10, 910, 10]);
  });

  it('counts who came again off all pods together', () => {
    const ticks = [
      [
        { pod: 'a', counter: 0, returned: 0, recent: { tenths: even(100), returned: [90, 60] } },
        { pod: 'b', counter: 0, returned: 0, recent: { tenths: even(100) } },
      ],
    ];
    const [seen] = play(ticks);
    expect(seen?.rates).toMatchObject({ over1s: 50, newest: { perSecond: 2 * (100 - 90) } });
    expect(seen?.rates.returnedPerSecond).toBe(150);
    expect(seen?.dueBack).toEqual({ citizens: 0, perSecond: 150 });
  });
});

describe('who is due back', () => {
  it('is the sum over the pods that tell it', () => {
    const ticks = [
      [
        { pod: 'a', returned: 0, recent: { dueBack: 12.5, returned: [1, 2] } },
        { pod: 'b', returned: 0, recent: { dueBack: 30 } },
        { pod: 'old', counter: 9 },
      ],
      [
        { pod: 'b', returned: 0, recent: { dueBack: 30 } },
        { pod: 'old', counter: 9 },
      ],
    ] as const;
    expect(play([...ticks, ...ticks].slice(1)).map((seen) => seen?.dueBack)).toEqual([
      undefined,
      { citizens: 42.5, perSecond: 3 },
      // Of the 12.5 of the pod that vanished, two fifths come within the second.
      { citizens: expect.closeTo(30 + 7.5, 6), perSecond: expect.closeTo(5, 6) },
    ]);
  });

  it('is kept for a pod that vanished or restarted, and comes within 4.5 s', () => {
    const shedding = { pod: 'a', returned: 0, recent: { dueBack: 1_000 } };
    const other = (tick: number): Pod => ({
      pod: 'b',
      counter: 100 * tick,
      returned: 0,
      recent: { tenths: even(100) },
    });
    const restarted = { pod: 'a', returned: 0, started: 0.5, recent: {} };
    for (const rest of [[], [restarted]]) {
      const ticks = [[shedding, other(0)], ...[1, 2, 3, 4, 5, 6].map((tick) => [...rest, other(tick)])];
      const seen = play(ticks);
      const citizens = seen.map((one) => Math.round(one?.dueBack?.citizens ?? Number.NaN));
      expect(citizens).toEqual([1_000, 600, 300, 100, 11, 0, 0]);
      // All of them are taken off once: of 100/s nothing is left until they have come.
      expect(seen.at(-1)?.rates).toMatchObject({ over1s: 100, over60s: 0 });
    }
  });

  it('is unknown where no pod tells it', () => {
    expect(play([[{ counter: 1 }], [{ counter: 2 }]]).at(-1)).not.toHaveProperty('dueBack');
  });
});

/** A model of citizens before intake pods that are too few at first: attempts, sheds and returns are each drawn. */
const crowd = (
  seed: number,
  perSecond: number,
  podsAt: (second: number) => number,
  seconds: number,
  {
    fate = () => undefined,
    giveUp = 0,
    until = seconds,
  }: {
    /** By second and place: whether the pod is replaced by another one then, or restarts, or does not answer the scrape. */
    readonly fate?: (second: number, place: number) => 'replaced' | 'restarts' | 'misses' | undefined;
    /** The share of those who are shed and do not come again. */
    readonly giveUp?: number;
    /** The second from which only returns come. */
    readonly until?: number;
  } = {},
) => {
  const random = seededRandom(seed);
  const CARRIES = 40;
  const podOf = (name: string, ms: number) => {
    return { name, startedAtMs: START_MS + ms, recent: new RecentArrivals(() => 0), counter: 0, tokens: 0 };
  };
  const pods: ReturnType<typeof podOf>[] = [];
  const counts = new ArrivalCounts();
  const comesAt: number[][] = [];
  const seen: { readonly truth: number; readonly attempted: number; readonly arrivals: Arrivals | undefined }[] = [];
  let firsts = 0;
  let attempts = 0;
  const attempt = (atMs: number): void => {
    attempts += 1;
    const pod = pods[Math.floor(random.next() * pods.length)];
    if (pod === undefined) throw new Error('there is always a pod');
    pod.counter += 1;
    pod.recent.arrived(atMs);
    if (pod.tokens >= 1) {
      pod.tokens -= 1;
      return;
    }
    const asked = RETRY_AFTER_SECONDS[Math.floor(random.next() * RETRY_AFTER_SECONDS.length)] ?? 1;
    pod.recent.askedAgain(atMs, asked);
    if (random.next() < giveUp) return;
    const comes = Math.floor(atMs + 1000 * asked * (1 + PAGE_WAITS_MORE * random.next()));
    const due = comesAt[comes] ?? [];
    due.push(comes);
    comesAt[comes] = due;
  };
  for (let ms = 0; ms < seconds * 1000; ms += 1) {
    for (let count = pods.length; count < podsAt(ms / 1000); count += 1) {
      pods.push(podOf(`p${count}`, ms));
    }
    for (const pod of pods) pod.tokens = Math.min(CARRIES, pod.tokens + CARRIES / 1000);
    for (const atMs of comesAt[ms] ?? []) attempt(atMs);
    const expected = ms < until * 1000 ? perSecond / 1000 : 0;
    const comers = Math.floor(expected) + (random.next() < expected % 1 ? 1 : 0);
    for (let count = 0; count < comers; count += 1) attempt(ms);
    firsts += comers;
    if ((ms + 1) % 1000 !== 0) continue;
    const atMs = ms + 1;
    const ready = new Set(pods.map(({ name }) => name));
    const answering = pods.filter((_, place) => fate(atMs / 1000, place) !== 'misses');
    const samples = answering.map(
      ({ name, startedAtMs, recent, counter }): IntakeSample => ({
        pod: name,
        counter,
        sentAway: 0,
        startedAtMs,
        sourceAtMs: START_MS + atMs,
        returned: recent.returned(atMs),
        recent: { tenths: recent.tenths(atMs), returned: recent.halves(atMs), dueBack: recent.dueBack(atMs) },
      }),
    );
    seen.push({ truth: firsts, attempted: attempts, arrivals: counts.add(samples, START_MS + atMs, ready).seen });
    [firsts, attempts] = [0, 0];
    for (const [place, { name }] of pods.entries()) {
      const now = fate(atMs / 1000, place);
      if (now === 'replaced') pods[place] = podOf(`${name}x`, atMs);
      if (now === 'restarts') pods[place] = podOf(name, atMs);
    }
  }
  return { seen, due: comesAt.slice(seconds * 1000).reduce((sum, due) => sum + (due?.length ?? 0), 0) };
};

const law = (arrivals: Arrivals | undefined): number => (arrivals === undefined ? 0 : arrivalRate(arrivals.rates));

describe('a crowd that is shed and comes again', () => {
  it('is told from new citizens, while pods are too few, come Ready and suffice', () => {
    const crowds = fc.record({
      seed: fc.nat(1_000_000),
      perSecond: fc.integer({ min: 50, max: 1_000 }),
      before: fc.integer({ min: 1, max: 4 }),
      after: fc.integer({ min: 5, max: 30 }),
      readyAt: fc.integer({ min: 4, max: 20 }),
    });
    fc.assert(
      fc.property(crowds, ({ seed, perSecond, before, after, readyAt }) => {
        const { seen, due } = crowd(seed, perSecond, (second) => (second < readyAt ? before : after), 30);
        for (const { truth, attempted, arrivals } of seen) {
          // Who comes again does so by chance: its deviation is a Poisson count's. Six of them, and a few citizens.
          expect(Math.abs((arrivals?.rates.over1s ?? 0) - truth)).toBeLessThan(6 * Math.sqrt(attempted) + 10);
        }
        const last = seen.at(-1)?.arrivals;
        expect(Math.abs((last?.rates.over60s ?? 0) - perSecond)).toBeLessThan(0.05 * perSecond + 10);
        expect(Math.abs((last?.dueBack?.citizens ?? 0) - due)).toBeLessThan(6 * Math.sqrt(due) + 10);
      }),
      { numRuns: 5 },
    );
  });

  it.each(['replaced', 'restarts'] as const)('does not raise first attempts when a pod %s every 2 s', (fate) => {
    const { seen, due } = crowd(3, 1_000, () => 10, 40, {
      fate: (second, place) => (second >= 20 && second % 2 === 0 && (second / 2) % 10 === place ? fate : undefined),
    });
    for (const { truth, attempted, arrivals } of seen) {
      expect(Math.abs((arrivals?.rates.over1s ?? 0) - truth)).toBeLessThan(6 * Math.sqrt(attempted) + 10);
    }
    const last = seen.at(-1)?.arrivals;
    expect(Math.abs((last?.rates.over3s ?? 0) - 1_000)).toBeLessThan(100);
    expect(Math.abs((last?.dueBack?.citizens ?? 0) - due)).toBeLessThan(0.1 * due);
  });

  it('does not raise first attempts while the pods that shed miss the scrape, nor after it', () => {
    const { seen } = crowd(3, 1_000, (second) => (second < 12 ? 2 : 30), 30, {
      fate: (second, place) => (second >= 12 && second <= 16 && place < 2 ? 'misses' : undefined),
    });
    const missing = seen.slice(11, 16).map(({ arrivals }) => arrivals?.rates.over1s ?? 0);
    // They shed to the last instant before the others are Ready, which their last page does not know.
    expect(Math.max(...missing)).toBeLessThan(1_500);
    for (const { arrivals } of seen.slice(20)) {
      expect(Math.abs((arrivals?.rates.over3s ?? 0) - 1_000)).toBeLessThan(100);
      expect(Math.abs((arrivals?.rates.over60s ?? 0) - 1_000)).toBeLessThan(100);
    }
  });

  it('is followed for a minute at five times the capacity, where none give up', () => {
    const { seen } = crowd(5, 500, () => 3, 60);
    const laws = seen.slice(3).map(({ arrivals }) => law(arrivals) / 500);
    expect(Math.min(...laws)).toBeGreaterThan(0.9);
    expect(Math.max(...laws)).toBeLessThan(1.05);
  });

  it.each([0.1, 0.3, 0.6])(
    'is followed at five times the capacity, where %d of those who are shed give up',
    (giveUp) => {
      const { seen } = crowd(5, 500, () => 3, 90, { giveUp });
      const laws = seen.slice(3).map(({ arrivals }) => law(arrivals) / 500);
      expect(Math.min(...laws)).toBeGreaterThan(0.7);
      expect(Math.max(...laws)).toBeLessThan(1.05);
    },
  );

  it.each([0, 0.3])('is gone soon after it really went away, where %d of those who are shed give up', (giveUp) => {
    const { seen } = crowd(5, 500, () => 5, 90, { giveUp, until: 15 });
    const gone = seen.findLastIndex(({ arrivals }) => (arrivals?.dueBack?.citizens ?? 0) >= 1);
    expect(gone).toBeGreaterThan(15);
    expect(gone).toBeLessThan(70);
    const { rates } = seen[gone + 15]?.arrivals ?? {};
    expect(rates?.over3s).toBeLessThan(5);
    // The law's base is the last minute, as ever.
    expect(law(seen[gone + 15]?.arrivals)).toBe(rates?.over60s);
  });

  it('sabotage: returns that count as arrivals are twice the citizens', () => {
    const { seen } = crowd(7, 1_000, () => 4, 20);
    const { attempted = 0, truth = 0 } = seen.at(-1) ?? {};
    expect(attempted).toBeGreaterThan(2 * truth);
  });
});

/** Shapes of arrivals: how a crowd comes over time, as shares of its peak. Lengths and details are drawn. */
import type { RandomSource } from '../../../local/load/random.ts';
import { between, logBetween, pick } from './random.ts';

export interface Shape {
  readonly seconds: number;
  /** Share of the peak at a second of the trace; about 1 at its highest. */
  readonly shareAt: (second: number) => number;
}

export type DrawShape = (random: RandomSource) => Shape;

const MINUTE = 60;
const minutes = (random: RandomSource, low: number, high: number): number =>
  Math.round(between(random, low, high)) * MINUTE;

/** Rises within a few seconds at `from`, then halves every `halfSeconds`. */
const wave =
  (from: number, halfSeconds: number, riseSeconds = 1) =>
  (second: number): number =>
    second < from ? 0 : Math.min(1, (second - from + 1) / riseSeconds) * 0.5 ** ((second - from) / halfSeconds);

const hump =
  (middle: number, width: number) =>
  (second: number): number =>
    Math.exp(-(((second - middle) / width) ** 2));

/** A ticket sale: all at once, then exponential decay to almost nothing. */
const ticketSale: DrawShape = (random) => {
  const half = minutes(random, 3, 15);
  const rest = between(random, 0.005, 0.05);
  const first = wave(0, half);
  return { seconds: minutes(random, 30, 90), shareAt: (second) => rest + (1 - rest) * first(second) };
};

/** A vaccination appointment: a power law, so a long tail of people who try later. */
const vaccination: DrawShape = (random) => {
  const scale = minutes(random, 1, 6);
  const power = between(random, 0.7, 1.3);
  return { seconds: minutes(random, 60, 150), shareAt: (second) => (1 + second / scale) ** -power };
};

/** examples/traces/opening-hour.csv, by its steps, on another clock. */
const CHENGDU: readonly (readonly [second: number, share: number])[] = [
  [0, 1],
  [300, 0.633],
  [600, 0.4],
  [1_200, 0.283],
  [1_800, 0.2],
  [2_700, 0.133],
  [3_600, 0.08],
];
const chengdu: DrawShape = (random) => {
  const stretch = between(random, 0.6, 1.8);
  return {
    seconds: Math.round(stretch * 4_000),
    shareAt: (second) => CHENGDU.findLast(([from]) => from * stretch <= second)?.[1] ?? 1,
  };
};

/** An opening and 10 to 40 minutes later a second wave, smaller or larger. */
const secondWave: DrawShape = (random) => {
  const ratio = between(random, 0.4, 2);
  const most = Math.max(1, ratio);
  const first = wave(0, minutes(random, 2, 8));
  const second = wave(minutes(random, 10, 40), minutes(random, 2, 10), between(random, 1, 60));
  return {
    seconds: minutes(random, 75, 120),
    shareAt: (at) => (0.01 + first(at) + ratio * second(at)) / most,
  };
};

/** An ordinary day, and the television names the campaign. */
const mention: DrawShape = (random) => {
  const ordinary = between(random, 0.02, 0.2);
  const crowd = wave(minutes(random, 10, 40), minutes(random, 2, 6), between(random, 3, 30));
  return { seconds: minutes(random, 60, 90), shareAt: (second) => ordinary + (1 - ordinary) * crowd(second) };
};

/** Lunch and evening of an ordinary day, pressed into three to four hours. */
const dayHumps: DrawShape = (random) => {
  const seconds = minutes(random, 180, 240);
  const lunch = hump(0.28 * seconds, between(random, 0.05, 0.1) * seconds);
  const evening = hump(0.75 * seconds, between(random, 0.08, 0.12) * seconds);
  const lower = between(random, 0.5, 0.9);
  return { seconds, shareAt: (second) => Math.min(1, 0.1 + 0.9 * (lower * lunch(second) + evening(second))) };
};

const noise: DrawShape = (random) => ({ seconds: minutes(random, 30, 90), shareAt: () => 1 });

const sine: DrawShape = (random) => {
  const period = minutes(random, 60, 110);
  const depth = between(random, 0.3, 0.9);
  return {
    seconds: 2 * period,
    shareAt: (second) => 1 - (depth * (1 + Math.cos((2 * Math.PI * second) / period))) / 2,
  };
};

const night: DrawShape = (random) => {
  const seconds = minutes(random, 180, 240);
  const least = between(random, 0.002, 0.02);
  const depth = hump(0.5 * seconds, 0.25 * seconds);
  return { seconds, shareAt: (second) => least + (1 - least) * (1 - depth(second)) ** 2 };
};

/** Programs that come every few minutes for some seconds, many times what people are. */
const bots: DrawShape = (random) => {
  const seconds = minutes(random, 45, 90);
  const people = 1 / logBetween(random, 3, 20);
  const spikes: { readonly from: number; readonly until: number }[] = [];
  for (let from = between(random, 120, 400); from < seconds; from += between(random, 120, 420)) {
    spikes.push({ from, until: from + between(random, 2, 15) });
  }
  return {
    seconds,
    shareAt: (second) => (spikes.some(({ from, until }) => second >= from && second < until) ? 1 : people),
  };
};

/** Rises ever faster until the last second. */
const closingRush: DrawShape = (random) => {
  const seconds = minutes(random, 60, 150);
  const ordinary = between(random, 0.03, 0.15);
  const double = minutes(random, 3, 15);
  return { seconds, shareAt: (second) => ordinary + (1 - ordinary) * 2 ** ((second - seconds + 1) / double) };
};

const ramp: DrawShape = (random) => {
  const from = minutes(random, 3, 10);
  const rise = minutes(random, 1, 20);
  const before = 1 / logBetween(random, 4, 50);
  return {
    seconds: minutes(random, 60, 90),
    shareAt: (second) => before + (1 - before) * Math.min(1, Math.max(0, second - from) / rise),
  };
};

const stepAndPlateau: DrawShape = (random) => {
  const from = minutes(random, 2, 10);
  const before = 1 / logBetween(random, 3, 80);
  return { seconds: minutes(random, 30, 60), shareAt: (second) => (second < from ? before : 1) };
};

const stepDown: DrawShape = (random) => {
  const from = minutes(random, 10, 25);
  const after = between(random, 0.05, 0.6);
  return { seconds: minutes(random, 45, 75), shareAt: (second) => (second < from ? 1 : after) };
};

/** Five minutes in which no one gets through, and then all who could not come at once. */
const outage: DrawShape = (random) => {
  const from = minutes(random, 15, 30);
  const until = from + 5 * MINUTE;
  const ordinary = 1 / pick(random, [3, 6, 12]);
  const surge = wave(until, minutes(random, 1, 3));
  return {
    seconds: minutes(random, 60, 90),
    shareAt: (second) =>
      second >= from && second < until ? 0 : second < from ? ordinary : ordinary + (1 - ordinary) * surge(second),
  };
};

export const SHAPES = {
  'ticket-sale': ticketSale,
  vaccination,
  chengdu,
  'second-wave': secondWave,
  mention,
  'day-humps': dayHumps,
  noise,
  sine,
  night,
  bots,
  'closing-rush': closingRush,
  ramp,
  'step-and-plateau': stepAndPlateau,
  'step-down': stepDown,
  outage,
} satisfies Readonly<Record<string, DrawShape>>;

export type ShapeName = keyof typeof SHAPES;

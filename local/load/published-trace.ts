/**
 * The traces of examples/traces, from published figures and stated assumptions. `node local/load/published-trace.ts`
 * writes them; a test compares the files with this code. Sources: examples/traces/README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceStep } from '../../simulation/trace.ts';

/** Published: 3.31 million registrations in 8 days. */
export const PUBLISHED_REGISTRATIONS = 3_310_000;
const DAYS = 8;
const HOUR_SECONDS = 3600;
/** Opens at 10:00 in the example; this decides where the nights are. */
const OPENING_HOUR = 10;

/**
 * Assumption: "million-level" means a million registrations in the first hour. 1,000,000 / 3,600 s = 278/s on average,
 * three times that (833/s) in the first five minutes, then falling.
 */
const FIRST_HOUR_REGISTRATIONS = 1_000_000;
const FIRST_HOUR_MINUTES = [5, 5, 10, 10, 15, 15] as const;
const FIRST_HOUR_WEIGHTS = [3, 1.9, 1.2, 0.85, 0.6, 0.4] as const;
/** Assumption: half of all arrive on the first day, as in Taiwan in 2021. */
const FIRST_DAY_SHARE = 0.5;
/** Assumption: typical use of phones. Weight of each hour, 0:00 to 23:00. */
const DAY_CURVE = [
  0.3, 0.15, 0.1, 0.08, 0.08, 0.12, 0.3, 0.7, 1.1, 1.4, 1.5, 1.4, 1.5, 1.3, 1.1, 1.1, 1.1, 1.1, 1.2, 1.4, 1.6, 1.5, 1.1,
  0.7,
] as const;
/** Assumption: the last hour is a small flood, because people remember the deadline. */
const DEADLINE_WEIGHT = 6;

const round = (value: number): number => Math.round(value * 1000) / 1000;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const firstHour = (registrations: number): readonly TraceStep[] => {
  const scale =
    registrations / sum(FIRST_HOUR_MINUTES.map((minutes, i) => minutes * 60 * (FIRST_HOUR_WEIGHTS[i] ?? 0)));
  return FIRST_HOUR_WEIGHTS.map((weight, i) => ({
    atSeconds: sum(FIRST_HOUR_MINUTES.slice(0, i)) * 60,
    arrivalsPerSecond: round(weight * scale),
  }));
};

/** 3.31 million over 8 days: the first hour in detail, then a row per hour. */
const eightDays = (): readonly TraceStep[] => {
  const weightOf = (hour: number): number =>
    (DAY_CURVE[(OPENING_HOUR + hour) % 24] ?? 0) * (hour === DAYS * 24 - 1 ? DEADLINE_WEIGHT : 1);
  const hours = (from: number, to: number, registrations: number): readonly TraceStep[] => {
    const indexes = Array.from({ length: to - from }, (_, i) => from + i);
    const scale = registrations / sum(indexes.map(weightOf));
    return indexes.map((hour) => ({
      atSeconds: hour * HOUR_SECONDS,
      arrivalsPerSecond: round((weightOf(hour) * scale) / HOUR_SECONDS),
    }));
  };
  const firstDay = PUBLISHED_REGISTRATIONS * FIRST_DAY_SHARE;
  return [
    ...firstHour(FIRST_HOUR_REGISTRATIONS),
    ...hours(1, 24, firstDay - FIRST_HOUR_REGISTRATIONS),
    ...hours(24, DAYS * 24, PUBLISHED_REGISTRATIONS - firstDay),
    { atSeconds: DAYS * 24 * HOUR_SECONDS, arrivalsPerSecond: 0 },
  ];
};

/** The first hour alone, with its five minutes of 833/s. */
const openingHour = (): readonly TraceStep[] => [
  ...firstHour(FIRST_HOUR_REGISTRATIONS),
  { atSeconds: HOUR_SECONDS, arrivalsPerSecond: 0 },
];

/**
 * For the demo: the opening hour, shorter and scaled to a machine of two cores that also runs the generator, the journal
 * and the database: 833/s × 0.18 = 150/s. The quiet seconds at the start are the time before the announcement.
 */
export const demoFast = (): readonly TraceStep[] =>
  rows([0, 6], [8, 150], [44, 90], [50, 45], [56, 20], [62, 8], [68, 0]);
const demoFull = (): readonly TraceStep[] =>
  rows([0, 6], [15, 150], [75, 120], [105, 150], [135, 90], [165, 45], [195, 20], [225, 8], [255, 3], [270, 0]);

const rows = (...pairs: readonly (readonly [number, number])[]): readonly TraceStep[] =>
  pairs.map(([atSeconds, arrivalsPerSecond]) => ({ atSeconds, arrivalsPerSecond }));

export const toCsv = (trace: readonly TraceStep[]): string =>
  ['seconds,arrivalsPerSecond', ...trace.map((step) => `${step.atSeconds},${step.arrivalsPerSecond}`), ''].join('\n');

export const TRACES: Readonly<Record<string, () => readonly TraceStep[]>> = {
  'chengdu-2020-phase-3-8-days.csv': eightDays,
  'opening-hour.csv': openingHour,
  'demo-fast.csv': demoFast,
  'demo-full.csv': demoFull,
};

if (import.meta.main) {
  const folder = join(import.meta.dirname, '../../examples/traces');
  mkdirSync(folder, { recursive: true });
  for (const [name, trace] of Object.entries(TRACES)) writeFileSync(join(folder, name), toCsv(trace()));
}

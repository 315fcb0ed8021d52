/**
 * The last full second of the intake pods, exactly: each reports it in tenths, on one page, by its own clock. Two readings of a
 * counter are a second apart by the reader's clock, so that a step within it is half in one rate and half in the next. Pure.
 */
import { METRICS, TENTHS } from '../../contract/app-contract.ts';
import type { DueBack } from '../scaling/types.ts';
import type { MetricSample } from './metrics-text.ts';

/** What one pod reports. */
export interface RecentSecond {
  /** Attempts by tenth of a second, the newest first. */
  readonly tenths: readonly number[];
  /** How many were expected to come again, by half a second, the newest first. */
  readonly returned: readonly number[];
  /** How many are expected later. */
  readonly dueBack: number;
}

export const RECENT_METRICS = [METRICS.returnsExpected, METRICS.dueBack, METRICS.tenthAttempts, METRICS.halfReturns];

type Families = ReadonlyMap<string, readonly MetricSample[]>;

const HALVES = 2;

const counts = (name: string, samples: readonly MetricSample[], ago: readonly string[]): readonly number[] =>
  ago.map((step) => {
    const value = samples.find(({ labels }) => (labels['ago'] ?? '') === step)?.value;
    if (value === undefined || !Number.isFinite(value) || value < 0) {
      throw new Error(`the metrics page has no ${name}${step === '' ? '' : ` of ${step}`}, or no count`);
    }
    return value;
  });

const steps = (length: number): readonly string[] => Array.from({ length }, (_, index) => String(index + 1));
const [ONE, BY_HALF, BY_TENTH] = [[''], steps(HALVES), steps(TENTHS)];

/**
 * Undefined for a pod of an older release, which has none of these series.
 *
 * @throws Error for a page that has only a part of them: it is garbled
 */
export const recentOf = (
  families: Families,
): { readonly returned: number; readonly recent: RecentSecond } | undefined => {
  if (!RECENT_METRICS.some((name) => families.has(name))) return undefined;
  const read = (name: string, ago: readonly string[]) => counts(name, families.get(name) ?? [], ago);
  const [returned = 0] = read(METRICS.returnsExpected, ONE);
  const [dueBack = 0] = read(METRICS.dueBack, ONE);
  return {
    returned,
    recent: { dueBack, tenths: read(METRICS.tenthAttempts, BY_TENTH), returned: read(METRICS.halfReturns, BY_HALF) },
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

export interface ExactSecond {
  /** First attempts. */
  readonly over1s: number;
  /** Their rate in the newest half of it. */
  readonly newest: { readonly perSecond: number; readonly seconds: number };
  /** All attempts. */
  readonly attempted: number;
  /** Those that were expected to be returns. */
  readonly returned: number;
}

/**
 * First attempts of the last full second, and of its newest half: of all pods together, as returns go to any of them.
 * Undefined where one of them reports no tenths (an older release): a part would be no rate of the campaign.
 */
export const exactSecond = (
  pods: readonly (RecentSecond | undefined)[],
  /** Expected besides in the newest half and in the second: of pods without a page. */
  awaited: { readonly half: number; readonly second: number } = { half: 0, second: 0 },
): ExactSecond | undefined => {
  if (pods.length === 0 || !pods.every((pod) => pod !== undefined)) return undefined;
  const attempted = (tenths: number): number => sum(pods.map((pod) => sum(pod.tenths.slice(0, tenths))));
  const returned = (halves: number): number => sum(pods.map((pod) => sum(pod.returned.slice(0, halves))));
  return {
    attempted: attempted(TENTHS),
    returned: returned(HALVES) + awaited.second,
    over1s: Math.max(0, attempted(TENTHS) - returned(HALVES) - awaited.second),
    newest: {
      perSecond: HALVES * Math.max(0, attempted(TENTHS / HALVES) - returned(1) - awaited.half),
      seconds: 1 / HALVES,
    },
  };
};

/** Of the pods that report it: at least so many. Undefined where none does. */
export const dueBackOf = (pods: readonly (RecentSecond | undefined)[]): DueBack | undefined => {
  const reporting = pods.filter((pod) => pod !== undefined);
  if (reporting.length === 0) return undefined;
  return {
    citizens: sum(reporting.map(({ dueBack }) => dueBack)),
    perSecond: sum(reporting.map(({ returned }) => sum(returned))),
  };
};

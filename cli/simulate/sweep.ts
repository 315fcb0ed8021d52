/** One field of the spec at several values, the rest unchanged: late citizens and pod-hours of each. Pure. */
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { PolicyName } from '../../simulation/policies/policy.ts';
import type { SimulatedTier, SimulationResult } from '../../simulation/simulation.ts';
import { count, figure } from '../words.ts';
import { aboutAsFew, cellsOf, heads, type Outcome, outcomeOf } from './outcome.ts';
import { figuresTable } from './table.ts';

export type SweepValue = string | number | boolean;

/** What `--sweep FIELD=VALUES` says. */
export interface SweepOption {
  readonly field: string;
  /** Numbers ascend. */
  readonly values: readonly SweepValue[];
}

export interface SweepError {
  readonly error: string;
}

const MOST_VALUES = 50;
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER}):(${NUMBER})$`);
const FORMS = 'write FIELD=10,20,40 or FIELD=10..40:10 (from..to:step)';

const readValue = (text: string): SweepValue => {
  if (new RegExp(`^${NUMBER}$`).test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
};

const isEveryNumber = (values: readonly SweepValue[]): values is readonly number[] =>
  values.every((value) => typeof value === 'number');

/** `10..45:10` → 10, 20, 30, 40. */
const rangeOf = (from: number, to: number, step: number): readonly SweepValue[] =>
  // Twelve digits: 0.1 + 2 · 0.1 is 0.3.
  Array.from({ length: Math.min(MOST_VALUES + 1, Math.floor((to - from) / step + 1e-9) + 1) }, (_, index) =>
    Number((from + index * step).toPrecision(12)),
  );

export const parseSweep = (text: string): SweepOption | SweepError => {
  const cut = text.indexOf('=');
  const [field, list] = [text.slice(0, Math.max(0, cut)).trim(), text.slice(cut + 1).trim()];
  if (cut < 1 || list === '') return { error: `${text}: ${FORMS}` };
  const [from, to, step] = (RANGE.exec(list) ?? []).slice(1).map(Number);
  if (from !== undefined && to !== undefined && step !== undefined && (step <= 0 || to < from)) {
    return { error: `${list}: count upwards, such as 10..40:10` };
  }
  const given =
    from === undefined || to === undefined || step === undefined
      ? list.split(',').map((value) => readValue(value.trim()))
      : rangeOf(from, to, step);
  if (given.includes('')) return { error: `${text}: a value is empty; ${FORMS}` };
  const values = [...new Set(given)];
  if (values.length < 2) return { error: `${text}: name at least two values` };
  if (values.length > MOST_VALUES) return { error: `${text}: ${MOST_VALUES} values at most` };
  return { field, values: isEveryNumber(values) ? [...values].sort((a, b) => a - b) : values };
};

/** Objects and lists along a path; a part that is missing is made, for admission to judge. */
const withValue = (node: unknown, [key, ...rest]: readonly string[], value: unknown): unknown => {
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    return node[Number(key)] === undefined
      ? { ...node, [key]: withValue(undefined, rest, value) }
      : node.with(Number(key), withValue(node[Number(key)], rest, value));
  }
  const object: Readonly<Record<string, unknown>> = typeof node === 'object' && node !== null ? { ...node } : {};
  return { ...object, [key]: withValue(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) };
};

/** `scaling.authorized.windows[0].from`, with or without `spec.` in front. */
const keysOf = (path: string): readonly string[] =>
  path
    .replace(/^spec\./, '')
    .split(/[.[\]]+/)
    .filter(Boolean);

const ceilingPaths = ({ scaling }: VoucherCampaignSpec, tier: SimulatedTier): readonly string[] => [
  `scaling.authorized.ceilings.${tier}`,
  ...scaling.authorized.windows.map((_, index) => `scaling.authorized.windows[${index}].ceilings.${tier}`),
];

/** The spec with the field at this value, not judged yet. Short names are for the fields that owners ask about. */
export const changedSpec = (
  spec: VoucherCampaignSpec,
  field: string,
  value: SweepValue,
  tier: SimulatedTier,
): unknown => {
  const short: Readonly<Record<string, readonly string[]>> = {
    ceiling: ceilingPaths(spec, tier),
    forecast: ['scaling.peakArrivalsPerSecond'],
    capacityPerReplica: [`scaling.tiers.${tier}.capacityPerReplica`],
  };
  const paths = Object.hasOwn(short, field) ? (short[field] ?? []) : [field];
  return paths.reduce<unknown>((changed, path) => withValue(changed, keysOf(path), value), spec);
};

export interface SweepPoint extends Outcome {
  readonly value: SweepValue;
}

export interface Swept {
  readonly field: string;
  readonly policy: PolicyName;
  readonly points: readonly SweepPoint[];
  /** What the values buy, in a sentence. */
  readonly summary: string;
}

export const shownValue = (value: SweepValue): string =>
  typeof value === 'number' ? value.toLocaleString('en-US') : `${value}`;

/** Names the first value with about the fewest late citizens: more of it buys nothing. */
const summaryOf = (field: string, points: readonly SweepPoint[]): string => {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '';
  const all = points.map(({ lateOver5Seconds }) => lateOver5Seconds);
  const [fewest, most] = [Math.min(...all), Math.max(...all)];
  if (fewest === most) {
    const hours = points.map(({ podHours }) => podHours);
    const leanest = points.find(({ podHours }) => podHours === Math.min(...hours)) ?? first;
    const isPriced = Math.max(...hours) > 1.01 * leanest.podHours;
    const price = isPriced ? ` Fewest pod-hours with ${shownValue(leanest.value)}: ${figure(leanest.podHours)}.` : '';
    return `${field} makes no difference to citizens here: ${count(fewest)} are late at every value.${price}`;
  }
  const few = aboutAsFew(fewest);
  const knee = points.find(({ lateOver5Seconds }) => lateOver5Seconds <= few) ?? last;
  const at = shownValue(knee.value);
  const fact = `${count(knee.lateOver5Seconds)} late, ${figure(knee.podHours)} pod-hours`;
  const above = points.slice(points.indexOf(knee) + 1);
  const isWorseAbove = above.some(({ lateOver5Seconds }) => lateOver5Seconds > few);
  if (isWorseAbove || !isEveryNumber(points.map(({ value }) => value))) {
    return `Fewest late citizens with ${field} ${at}: ${fact}.`;
  }
  if (above.length === 0) {
    return knee.lateOver5Seconds === 0
      ? `Only at ${at} no citizen is late: ${fact}.`
      : `Each step up to ${at} saves citizens, and a higher value may save more. At ${at}: ${fact}.`;
  }
  const saved = Math.max(0, knee.lateOver5Seconds - fewest);
  const subject = field === 'ceiling' ? 'more replicas save' : `a higher ${field} saves`;
  const object = saved === 0 ? 'no citizen' : `at most ${count(saved)} citizens`;
  const more = last.podHours - knee.podHours;
  const price = more > 0.01 * knee.podHours ? `; at ${shownValue(last.value)}: ${figure(more)} pod-hours more` : '';
  return `Above ${at}, ${subject} ${object}. At ${at}: ${fact}${price}.`;
};

export const sweep = (
  field: string,
  runs: readonly { readonly value: SweepValue; readonly result: SimulationResult }[],
  policy: PolicyName,
  costPerPodHour: number | undefined,
): Swept => {
  const points = runs.map(({ value, result }) => ({ value, ...outcomeOf(result, costPerPodHour) }));
  return { field, policy, points, summary: summaryOf(field, points) };
};

export const sweepTable = ({ field, policy, points, summary }: Swept): string => {
  const hasCost = points.some(({ cost }) => cost !== undefined);
  const rows = points.map((point) => [shownValue(point.value), ...cellsOf(policy, point)]);
  return `${figuresTable([[field, ...heads(hasCost)], ...rows])}\n${summary}\n`;
};

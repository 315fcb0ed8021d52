/** What a metric is, wherever it is registered, documented, or used in a rule or a dashboard. Pure. */
import type { Tier } from '../tiers.ts';

/** A process with a metrics page: a tier's pod, the watched Job, the operator. */
export type Exposer = Tier | 'compare' | 'operator';

export interface Metric<Name extends string = string, Label extends string = string> {
  /** `voucher_<noun>_<unit>`, with `_total` for a counter, and `_info` for one that is always 1. A yes or no has no unit. */
  readonly name: Name;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly Label[];
  readonly help: string;
  readonly exposedBy: readonly Exposer[];
  /** Of a histogram. */
  readonly buckets?: readonly number[];
}

type Described = Readonly<Record<string, Omit<Metric, 'name'>>>;
export type Named<T extends Described> = {
  readonly [Name in keyof T & string]: Metric<Name, T[Name]['labels'][number]>;
};

/** Entries by their names, with the name in each. */
export const named = <const T extends Described>(described: T): Named<T> =>
  // fromEntries forgets which name has which labels.
  Object.fromEntries(Object.entries(described).map(([name, rest]) => [name, { name, ...rest }])) as Named<T>;

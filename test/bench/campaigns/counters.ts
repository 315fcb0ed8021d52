/** Figures of the operator's metrics and of the kernel. */
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';
import { cpuMsOf } from '../load/machine.ts';

const NAMES = ['voucher_operator_tick_seconds_bucket', 'voucher_operator_api_requests_total'] as const;

export interface Counters {
  readonly atMs: number;
  readonly cpuMs: number;
  /** Upper bound of the bucket → ticks at most that long. */
  readonly ticks: ReadonlyMap<number, number>;
  /** `verb resource` → requests. */
  readonly requests: ReadonlyMap<string, number>;
}

export const increase = (
  after: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): Record<string, number> =>
  Object.fromEntries([...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)]));

export const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, n) => sum + n, 0);

/** The bound of the bucket that holds it: what the histogram can prove. */
export const quantile = (after: Counters, before: Counters, share: number): number => {
  const bounds = [...after.ticks.keys()].toSorted((a, b) => a - b);
  const count = (bound: number): number => (after.ticks.get(bound) ?? 0) - (before.ticks.get(bound) ?? 0);
  const all = count(Number.POSITIVE_INFINITY);
  return bounds.find((bound) => count(bound) >= share * all) ?? Number.POSITIVE_INFINITY;
};

/** @param port of the operator's metrics */
export const readCounters = async (port: number, pid: number): Promise<Counters> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const metrics = parseMetrics(await response.text(), NAMES);
  const [buckets = [], requests = []] = NAMES.map((name) => metrics.get(name));
  return {
    atMs: Date.now(),
    cpuMs: await cpuMsOf([pid]),
    ticks: new Map(
      buckets.map(({ labels, value }) => [
        labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']),
        value,
      ]),
    ),
    requests: requests.reduce((sums, { labels, value }) => {
      const key = `${labels['verb']} ${labels['resource']}`;
      return sums.set(key, (sums.get(key) ?? 0) + value);
    }, new Map<string, number>()),
  };
};

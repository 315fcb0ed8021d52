import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { sampledGauge } from '../../runtime/metrics.ts';

export interface RecentPublishes {
  recent(nowMs: number): ReadonlyMap<string, number>;
}

/** Results of this intake's registrations of the last seconds; as counts, so that one scrape is enough. */
export const exportRecentPublishes = (registry: Registry, health: RecentPublishes, monotonicMs: () => number): void => {
  sampledGauge(registry, metric(METRICS.recentPublishes), () =>
    // answers is always present: a missing series would not mean zero.
    [...new Map([['answers', 0], ...health.recent(monotonicMs())])].map(([outcome, count]) => [{ outcome }, count]),
  );
};

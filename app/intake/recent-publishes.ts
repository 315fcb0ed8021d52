import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { sampledGauge } from '../sampled-gauge.ts';

export interface RecentPublishes {
  recent(nowMs: number): ReadonlyMap<string, number>;
}

/** Results of this intake's registrations of the last seconds; as counts, so that one scrape is enough. */
export const exportRecentPublishes = (registry: Registry, health: RecentPublishes, monotonicMs: () => number): void => {
  const help =
    'Registrations published in the last five seconds, by result: answers, or a state of voucher_dependency_seconds.';
  sampledGauge(registry, { name: METRICS.recentPublishes, help, labels: ['outcome'] }, () =>
    // answers is always present: a missing series would not mean zero.
    [...new Map([['answers', 0], ...health.recent(monotonicMs())])].map(([outcome, count]) => [{ outcome }, count]),
  );
};

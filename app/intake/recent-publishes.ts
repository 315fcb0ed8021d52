/** What became of this intake's registrations in the last seconds, on its metrics page: as counts, because one look is enough. */
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';

export interface RecentPublishes {
  recent(nowMs: number): ReadonlyMap<string, number>;
}

export const exportRecentPublishes = (registry: Registry, health: RecentPublishes, monotonicMs: () => number): void => {
  new Gauge({
    name: METRICS.recentPublishes,
    help: 'Registrations published in the last five seconds, by what became of them: answers, or the word of voucher_dependency_seconds.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      const counts = health.recent(monotonicMs());
      // Always there: no series is no zero.
      this.set({ outcome: 'answers' }, counts.get('answers') ?? 0);
      for (const [outcome, count] of counts) this.set({ outcome }, count);
    },
  });
};

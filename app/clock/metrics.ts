/** What this process knows of clocks, its own among them, for the operator. */
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import type { AgreedClock } from './agreed-clock.ts';

export const exportClocks = (registry: Registry, clock: Pick<AgreedClock, 'offsets'>): void => {
  new Gauge({
    name: METRICS.clockAhead,
    help: 'Seconds that a clock is ahead of the time that most clocks agree on. Absent while they agree on none.',
    labelNames: ['clock'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { clock: name, aheadSeconds } of clock.offsets()) this.set({ clock: name }, aheadSeconds);
    },
  });
};

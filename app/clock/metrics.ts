import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { sampledGauge } from '../sampled-gauge.ts';
import type { AgreedClock } from './agreed-clock.ts';

export const exportClocks = (registry: Registry, clock: Pick<AgreedClock, 'offsets'>): void => {
  const help = 'Seconds that a clock is ahead of the time on which most clocks agree. Absent while they do not agree.';
  sampledGauge(registry, { name: METRICS.clockAhead, help, labels: ['clock'] }, () =>
    clock.offsets().map(({ clock: name, aheadSeconds }) => [{ clock: name }, aheadSeconds] as const),
  );
};

import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import type { AgreedClock } from './agreed-clock.ts';

export const exportClocks = (registry: Registry, clock: Pick<AgreedClock, 'offsets'>): void => {
  sampledGauge(registry, metric(METRICS.clockAhead), () =>
    clock.offsets().map(({ clock: name, aheadSeconds }) => [{ clock: name }, aheadSeconds] as const),
  );
};

/** What a pod reports to the operator about outside systems. Every series is there from the start, and no others are added. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { OUTSIDE_METRICS, type OutsideBlock } from '../../contract/outside/outside.ts';
import { counter, sampledGauge } from '../../runtime/metrics.ts';
import { OUTCOMES, type Sent } from './outcome.ts';

const BLOCKS: Readonly<Record<OutsideBlock, true>> = { no_share: true, failing: true, quota: true, refused: true };

export interface OutsideMetrics {
  /** Shows an outside system from now on. @param blocked why it is not asked, looked up at every scrape */
  watch(target: string, blocked: () => OutsideBlock | undefined): void;
  sent(target: string, outcome: Sent): void;
}

export const createOutsideMetrics = (registry: Registry): OutsideMetrics => {
  const watched = new Map<string, () => OutsideBlock | undefined>();
  const requests = counter(registry, metric(OUTSIDE_METRICS.requests));
  sampledGauge(registry, metric(OUTSIDE_METRICS.blocked), () =>
    [...watched].flatMap(([target, blocked]) => {
      const found = blocked();
      return Object.keys(BLOCKS).map((reason) => [{ target, reason }, reason === found ? 1 : 0] as const);
    }),
  );
  return {
    watch(target, blocked) {
      watched.set(target, blocked);
      for (const outcome of OUTCOMES) requests.inc({ target, outcome }, 0);
    },
    sent(target, outcome) {
      // A name that is not watched would add a series without a bound.
      if (watched.has(target)) requests.inc({ target, outcome });
    },
  };
};

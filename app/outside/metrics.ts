/** What a pod reports to the operator about outside systems. Every series is there from the start, and no others are added. */
import { Counter, type Registry } from 'prom-client';
import { OUTSIDE_METRICS, type OutsideBlock } from '../../contract/outside/outside.ts';
import { sampledGauge } from '../sampled-gauge.ts';
import { OUTCOMES, type Sent } from './outcome.ts';

const BLOCKS: Readonly<Record<OutsideBlock, true>> = { no_share: true, failing: true, quota: true, refused: true };

export interface OutsideMetrics {
  /** Shows an outside system from now on. @param blocked why it is not asked, looked up at every scrape */
  watch(target: string, blocked: () => OutsideBlock | undefined): void;
  sent(target: string, outcome: Sent): void;
}

export const createOutsideMetrics = (registry: Registry): OutsideMetrics => {
  const watched = new Map<string, () => OutsideBlock | undefined>();
  const requests = new Counter({
    name: OUTSIDE_METRICS.requests,
    help: 'Requests to outside systems, by outcome.',
    labelNames: ['target', 'outcome'],
    registers: [registry],
  });
  const help = '1 while this pod does not ask an outside system, by reason; else 0.';
  sampledGauge(registry, { name: OUTSIDE_METRICS.blocked, help, labels: ['target', 'reason'] }, () =>
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

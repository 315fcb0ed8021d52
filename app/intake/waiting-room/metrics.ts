/** Metrics of the waiting room; the operator reads them (contract/crowd/queue.ts). */
import type { Registry } from 'prom-client';
import { QUEUE_METRICS } from '../../../contract/crowd/queue.ts';
import { metric } from '../../../contract/metrics/metrics.ts';
import { counter, sampledGauge } from '../../../runtime/metrics.ts';

export interface QueueMetrics {
  ticketGiven(number: number): void;
  turnTaken(): void;
}

export const createQueueMetrics = (registry: Registry): QueueMetrics => {
  const tickets = counter(registry, metric(QUEUE_METRICS.tickets));
  const turns = counter(registry, metric(QUEUE_METRICS.turns));
  let lastNumber = 0;
  sampledGauge(registry, metric(QUEUE_METRICS.lastNumber), () => [[{}, lastNumber]]);
  return {
    ticketGiven(number) {
      tickets.inc();
      lastNumber = Math.max(lastNumber, number);
    },
    turnTaken: () => turns.inc(),
  };
};

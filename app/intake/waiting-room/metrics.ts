/** Metrics of the waiting room; the operator reads them (contract/queue.ts). */
import { Counter, type Registry } from 'prom-client';
import { QUEUE_METRICS } from '../../../contract/queue.ts';
import { sampledGauge } from '../../sampled-gauge.ts';

export interface QueueMetrics {
  ticketGiven(number: number): void;
  turnTaken(): void;
}

export const createQueueMetrics = (registry: Registry): QueueMetrics => {
  const registers = [registry];
  const tickets = new Counter({ name: QUEUE_METRICS.tickets, help: 'Tickets of the waiting room given.', registers });
  const turnsHelp = 'Tickets whose holder came when it was their turn.';
  const turns = new Counter({ name: QUEUE_METRICS.turns, help: turnsHelp, registers });
  let lastNumber = 0;
  const lastHelp = 'Greatest number of a ticket given by this pod; 0 without one.';
  sampledGauge(registry, { name: QUEUE_METRICS.lastNumber, help: lastHelp }, () => [[{}, lastNumber]]);
  return {
    ticketGiven(number) {
      tickets.inc();
      lastNumber = Math.max(lastNumber, number);
    },
    turnTaken: () => turns.inc(),
  };
};

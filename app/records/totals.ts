/** Totals of the database on the metrics page, for the operator, which has no access to it. */
import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { shared } from '../../runtime/at-most.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sampledGauge } from '../sampled-gauge.ts';

export interface Totals {
  readonly received: number;
  readonly superseded: number;
}

/** A database that hangs must not delay a page that is scraped once a second. */
const ANSWER_WITHIN_MS = 400;

/** Counts at every scrape. While the database does not answer, the page has no total, because zero would be wrong. */
export const exportTotals = (registry: Registry, count: () => Promise<Totals>): void => {
  // So that queries do not pile up when the database hangs.
  const ask = shared(count);
  const help =
    'Receipts of citizens in the database: received is the earliest of each person, superseded the others. Absent while the database does not answer.';
  sampledGauge(registry, { name: METRICS.recordsTotal, help, labels: ['state'] }, async () => {
    const totals = await within(systemClock, ANSWER_WITHIN_MS, undefined, ask).catch(() => undefined);
    return totals === undefined
      ? []
      : (['received', 'superseded'] as const).map((state) => [{ state }, totals[state]] as const);
  });
};

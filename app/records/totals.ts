/** Totals of the database on the metrics page, for the operator, which has no access to it. */
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';

export interface Totals {
  readonly received: number;
  readonly superseded: number;
}

/** A database that hangs must not hold up a page that is asked for once a second. */
const ANSWER_WITHIN_MS = 400;

/**
 * Asked for at every scrape. While the database does not answer the page has no total at all: the last one may be old,
 * and a zero would be a lie.
 */
export const exportTotals = (registry: Registry, count: () => Promise<Totals>): void => {
  let underWay: Promise<Totals> | undefined;
  // One question at a time, so that a database that hangs is not asked ever more.
  const ask = (): Promise<Totals> => {
    underWay ??= count().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  new Gauge({
    name: METRICS.recordsTotal,
    help: 'Receipts of citizens on record in the database, by state. Absent while the database does not answer.',
    // A gauge without labels would start, and be reset, at zero.
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const totals = await within(systemClock, ANSWER_WITHIN_MS, undefined, ask).catch(() => undefined);
      this.reset();
      if (totals === undefined) return;
      this.set({ state: 'received' }, totals.received);
      this.set({ state: 'superseded' }, totals.superseded);
    },
  });
};

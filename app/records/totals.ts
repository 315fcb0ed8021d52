/** Totals of the database on the metrics page, for the operator, which has no access to it. */
import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { shared } from '../../runtime/at-most.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import { type FactCount, factStates } from './fact-states.ts';

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
  sampledGauge(registry, metric(METRICS.recordsTotal), async () => {
    const totals = await within(systemClock, ANSWER_WITHIN_MS, undefined, ask).catch(() => undefined);
    return totals === undefined
      ? []
      : (['received', 'superseded'] as const).map((state) => [{ state }, totals[state]] as const);
  });
};

/** Asked so rarely, because every pod is scraped once a second. */
const FACTS_FOR_MS = 5_000;
/** Older counts are no longer shown. */
const FACTS_AT_MOST_MS = 60_000;

/**
 * Receipts of winners by what they have, and when they were counted. Both are of one answer of the database. Absent before the first
 * answer, and when the last one is older than a minute.
 */
export const exportFacts = (
  registry: Registry,
  count: () => Promise<readonly FactCount[]>,
  now: () => number,
): void => {
  let known: { readonly atMs: number; readonly totals: ReturnType<typeof factStates> } | undefined;
  const ask = shared(async () => {
    const atMs = now();
    known = { atMs, totals: factStates(await count()) };
  });
  const current = async (): Promise<typeof known> => {
    if (known === undefined || Math.abs(now() - known.atMs) >= FACTS_FOR_MS) {
      await within(systemClock, ANSWER_WITHIN_MS, undefined, ask).catch(() => undefined);
    }
    return known !== undefined && Math.abs(now() - known.atMs) < FACTS_AT_MOST_MS ? known : undefined;
  };
  // Both gauges are collected for the same page.
  const page = shared(current);
  sampledGauge(registry, metric(METRICS.recordsFacts), async () =>
    ((await page())?.totals ?? []).map(
      ({ fact, voucher, channel, receipts }) => [{ fact, voucher, channel }, receipts] as const,
    ),
  );
  // A gauge without labels always has a sample.
  sampledGauge(registry, metric(METRICS.recordsFactsAt), async () => [[{}, ((await page())?.atMs ?? 0) / 1000]]);
};

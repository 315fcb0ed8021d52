/** Registrations on record, as a records pod tells them: each of them sees the same database, so one answer is enough. */
import { METRICS } from '../api/app-contract.ts';
import type { CountsReader } from '../reconcile/ports.ts';
import { parseMetrics } from './metrics-text.ts';
import type { Scraper } from './scrape.ts';

/** @throws Error when the page has no total: the database did not answer that pod, which is no zero */
export const receivedOf = (page: string): number => {
  const totals = parseMetrics(page, [METRICS.recordsTotal]).get(METRICS.recordsTotal) ?? [];
  const received = totals.find(({ labels }) => labels['state'] === 'received')?.value;
  if (received === undefined || !Number.isSafeInteger(received) || received < 0) {
    throw new Error(`the metrics page has no ${METRICS.recordsTotal}`);
  }
  return received;
};

/**
 * | ready records pods | answer           | count                                              |
 * |--------------------|------------------|----------------------------------------------------|
 * | none               | –                | undefined: nobody can tell                         |
 * | some               | with a total     | that                                               |
 * | some               | none, or without | an error, and another pod is asked in the next tick |
 */
export const createCountsReader = (scraper: Pick<Scraper, 'page'>): CountsReader => {
  /** Pods that failed, by campaign: asked last. */
  const failed = new Map<string, string>();
  return {
    async count({ spec: { campaignId } }, { tiers }, signal) {
      const ready = (tiers.records?.pods ?? []).filter((pod) => pod.ready && pod.adminUrl !== undefined);
      const pod = ready.find(({ name }) => name !== failed.get(campaignId)) ?? ready[0];
      if (pod?.adminUrl === undefined) return undefined;
      try {
        const received = receivedOf(await scraper.page(pod.adminUrl, signal));
        failed.delete(campaignId);
        return { received };
      } catch (cause) {
        failed.set(campaignId, pod.name);
        throw new Error(`ask ${pod.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    },
  };
};

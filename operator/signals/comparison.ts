/** What the Job `compare` reports, read from its metrics page. */
import { COMPARE_METRICS, type ComparisonReport } from '../../contract/compare.ts';
import type { ComparisonReader } from '../tick/ports.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import type { Scraper } from './scrape.ts';

const isCount = ({ value }: MetricSample): boolean => Number.isSafeInteger(value) && value >= 0;

/** @throws Error when the page is no page of this Job: that is not a zero */
export const comparisonOf = (page: string): ComparisonReport => {
  const families = parseMetrics(page, Object.values(COMPARE_METRICS));
  const of = (name: string): readonly MetricSample[] => families.get(name) ?? [];
  const watermarks = of(COMPARE_METRICS.watermark).toSorted(
    (a, b) => Number(a.labels['shard']) - Number(b.labels['shard']),
  );
  const [buckets] = of(COMPARE_METRICS.buckets);
  const [suspected] = of(COMPARE_METRICS.suspected);
  const rows = of(COMPARE_METRICS.rows);
  if (watermarks.length === 0 || buckets === undefined || suspected === undefined) {
    throw new Error(`the metrics page has no ${COMPARE_METRICS.watermark}, or lacks a count`);
  }
  if (![...watermarks, buckets, suspected, ...rows].every(isCount))
    throw new Error('the metrics page has no readable count');
  const roundAt = of(COMPARE_METRICS.roundAt)[0]?.value ?? 0;
  const who = of(COMPARE_METRICS.behind)[0]?.labels['who'];
  return {
    watermarks: watermarks.map(({ value }) => value),
    ...(roundAt > 0 ? { roundAtMs: Math.round(roundAt * 1000) } : {}),
    buckets: buckets.value,
    rows: rows.map(({ labels, value }) => ({ bucket: Number(labels['bucket']), rows: value })),
    suspected: suspected.value,
    ...(who === 'records' || who === 'journal' ? { behind: who } : {}),
  };
};

/** Undefined while no pod of the Job runs, and for one that does not answer: how old the last round is shows that. */
export const createComparisonReader = (scraper: Pick<Scraper, 'page'>): ComparisonReader => ({
  async read({ jobs }, signal) {
    const adminUrl = jobs?.compare?.adminUrl;
    if (adminUrl === undefined) return undefined;
    const page = await scraper.page(adminUrl, signal).catch(() => undefined);
    return page === undefined ? undefined : comparisonOf(page);
  },
});

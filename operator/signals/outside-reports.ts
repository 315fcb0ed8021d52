/** What pods report about the outside systems that they ask: read from their metrics pages. */
import { METRICS } from '../../contract/app-contract.ts';
import { OUTSIDE_METRICS, type OutsideBlock } from '../../contract/outside/outside.ts';
import type { Tier } from '../../contract/tiers.ts';
import { auditorsOf } from '../outside/auditors.ts';
import type { OutsideReport, TargetReport } from '../outside/reports.ts';
import { outsideTiersOf } from '../outside/targets.ts';
import type { OutsideReader } from '../tick/ports.ts';
import { STOCK_METRICS, stocksOf } from './books.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import type { Scraper } from './scrape.ts';

const BLOCKS: readonly OutsideBlock[] = ['no_share', 'failing', 'quota', 'refused'];

const isCount = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** @throws Error when the page is no page, or has no start time: that is not a zero */
export const outsideReportOf = (pod: string, page: string): OutsideReport => {
  const { requests: counted, blocked } = OUTSIDE_METRICS;
  const families = parseMetrics(page, [METRICS.processStart, counted, blocked, ...STOCK_METRICS]);
  const started = families.get(METRICS.processStart)?.[0]?.value;
  if (started === undefined || !Number.isFinite(started)) {
    throw new Error(`the metrics page has no ${METRICS.processStart}`);
  }
  const requests = families.get(counted) ?? [];
  const blocks = families.get(blocked) ?? [];
  if (!requests.every(({ value }) => isCount(value))) throw new Error(`${counted} is no count`);
  const names = new Set([...requests, ...blocks].flatMap(({ labels }) => labels['target'] ?? []));
  const of = (samples: readonly MetricSample[], target: string, label: string, word: string): number =>
    samples
      .filter(({ labels }) => labels['target'] === target && labels[label] === word)
      .reduce((sum, { value }) => sum + value, 0);
  const reportOf = (target: string): TargetReport => ({
    counts: {
      answered: of(requests, target, 'outcome', 'answered'),
      retry: of(requests, target, 'outcome', 'retry'),
      quota: of(requests, target, 'outcome', 'quota'),
      refused: of(requests, target, 'outcome', 'refused'),
    },
    blocked: BLOCKS.filter((reason) => of(blocks, target, 'reason', reason) > 0),
  });
  const stocks = stocksOf(families);
  return {
    pod,
    ...(stocks.length === 0 ? {} : { stocks }),
    startedAtMs: Math.round(started * 1000),
    targets: Object.fromEntries([...names].map((target) => [target, reportOf(target)])),
  };
};

/** Asks every pod, also those that are not Ready: one that drains still asks. A pod that does not answer is left out. */
export const createOutsideReader = (scraper: Pick<Scraper, 'page'>): OutsideReader => ({
  async read({ spec }, cluster, signal) {
    const read = async (tier: Tier): Promise<readonly [Tier, readonly OutsideReport[]]> => {
      const pods = [...(cluster.tiers[tier]?.pods ?? []), ...auditorsOf(cluster, tier)];
      const asked = pods.map(async ({ name, adminUrl }) =>
        adminUrl === undefined ? [] : [outsideReportOf(name, await scraper.page(adminUrl, signal))],
      );
      const reports = await Promise.allSettled(asked);
      return [tier, reports.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))];
    };
    return Object.fromEntries(await Promise.all(outsideTiersOf(spec).map(read)));
  },
});

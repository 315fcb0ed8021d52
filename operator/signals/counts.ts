/** The reports of records pods: the total of one pod, for all see the same database, and the state of all. */
import { METRICS } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import type { FactsReport } from '../../contract/outside/books.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CountsReader } from '../tick/ports.ts';
import { FACT_METRICS, factsOf } from './books.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import { FINDING_METRICS, findingOf, type PodFinding, workersViewOf } from './pod-findings.ts';
import type { RecordsReport } from './readings.ts';
import type { Scraper } from './scrape.ts';
import { createWorkerTurns } from './worker-turns.ts';

/** More workers than a database gains from; with more than this, they are asked in turns. */
const MOST_ASKED = 16;

/** Undefined where a page has no total: the database did not answer that pod, which is no zero. */
export const totalOf = (families: ReadonlyMap<string, readonly MetricSample[]>): number | undefined => {
  const totals = families.get(METRICS.recordsTotal) ?? [];
  const received = totals.find(({ labels }) => labels['state'] === 'received')?.value;
  return received === undefined || !Number.isSafeInteger(received) || received < 0 ? undefined : received;
};

interface Answer {
  readonly pod: string;
  readonly received: number | undefined;
  readonly facts: FactsReport | undefined;
  readonly finding: PodFinding | undefined;
}

const answerOf = (pod: string, page: string): Answer => {
  const families = parseMetrics(page, [METRICS.recordsTotal, ...FACT_METRICS, ...FINDING_METRICS]);
  return { pod, received: totalOf(families), facts: factsOf(families), finding: findingOf(pod, families) };
};

/**
 * | records pods with an address | answers of this turn            | result |
 * |------------------------------|---------------------------------|------|
 * | none                         | –                               | undefined |
 * | some                         | one at least, with a total      | the total, and the last state of all |
 * | some                         | one at least, none with a total | the state; an error where the state is good |
 * | some                         | none                            | an error |
 */
export const createCountsReader = (scraper: Pick<Scraper, 'page'>, clock: Pick<Clock, 'monotonicMs'>): CountsReader => {
  const turns = createWorkerTurns(MOST_ASKED);
  return {
    async count(
      { metadata: { namespace, name: campaignName } },
      { tiers },
      signal,
    ): Promise<RecordsReport | undefined> {
      const campaign = `${namespace}/${campaignName}`;
      const pods = (tiers.records?.pods ?? []).filter(({ adminUrl }) => adminUrl !== undefined);
      const asked = turns.next(campaign, pods, clock.monotonicMs());
      if (asked.length === 0) return undefined;
      const answers = await Promise.all(
        asked.map(async ({ name, adminUrl = '' }): Promise<Answer | Error> => {
          try {
            return answerOf(name, await scraper.page(adminUrl, signal));
          } catch (cause) {
            return new Error(`ask ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
          }
        }),
      );
      const good = answers.flatMap((answer) => (answer instanceof Error ? [] : [answer]));
      turns.heard(
        campaign,
        asked.map(({ name }) => [name, good.find(({ pod }) => pod === name)?.finding]),
      );
      const received = good.find((answer) => answer.received !== undefined)?.received;
      // All pods count the same rows: the newest answer.
      const [facts] = good.flatMap((answer) => answer.facts ?? []).toSorted((a, b) => b.atMs - a.atMs);
      const workers = workersViewOf(turns.known(campaign, pods, clock.monotonicMs()), pods);
      const isExplained =
        good.length > 0 && workers !== undefined && (workers.database.length > 0 || workers.known < workers.pods);
      if (received === undefined && !isExplained) {
        const failure = answers.find((answer) => answer instanceof Error);
        throw failure ?? new Error(`ask ${asked[0]?.name}: the metrics page has no ${METRICS.recordsTotal}`);
      }
      return defined({ received, facts, workers });
    },
  };
};

/**
 * What records pods say, each with its own credentials: registrations on record, and how it finds database and journal. The
 * total is one pod's word, for each of them sees the same database; how it goes is asked of all.
 */
import { METRICS } from '../api/app-contract.ts';
import type { CountsReader, ObservedPod, RecordsTold } from '../reconcile/ports.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import { FINDING_METRICS, findingOf, type PodFinding, workersViewOf } from './pod-findings.ts';
import type { Scraper } from './scrape.ts';

/** More workers than a database gains from; with more of them, these take turns. */
const MOST_ASKED = 16;

const totalOf = (families: ReadonlyMap<string, readonly MetricSample[]>): number | undefined => {
  const totals = families.get(METRICS.recordsTotal) ?? [];
  const received = totals.find(({ labels }) => labels['state'] === 'received')?.value;
  return received === undefined || !Number.isSafeInteger(received) || received < 0 ? undefined : received;
};

/** @throws Error when the page has no total: the database did not answer that pod, which is no zero */
export const receivedOf = (page: string): number => {
  const received = totalOf(parseMetrics(page, [METRICS.recordsTotal]));
  if (received === undefined) throw new Error(`the metrics page has no ${METRICS.recordsTotal}`);
  return received;
};

interface Told {
  readonly received: number | undefined;
  readonly finding: PodFinding | undefined;
}

const told = (pod: string, page: string): Told => {
  const families = parseMetrics(page, [METRICS.recordsTotal, ...FINDING_METRICS]);
  return { received: totalOf(families), finding: findingOf(pod, families) };
};

/**
 * | records pods with an address | answers                         | told |
 * |------------------------------|---------------------------------|------|
 * | none                         | –                               | undefined: nobody can tell |
 * | some                         | one at least, with a total      | that, and how all who answered find it |
 * | some                         | one at least, none with a total | how they find it; an error where they find it well |
 * | some                         | none                            | an error |
 */
export const createCountsReader = (scraper: Pick<Scraper, 'page'>): CountsReader => {
  let turn = 0;
  const chosen = (pods: readonly ObservedPod[]): readonly ObservedPod[] => {
    if (pods.length <= MOST_ASKED) return pods;
    turn += 1;
    return Array.from({ length: MOST_ASKED }, (_, n) => pods[(turn * MOST_ASKED + n) % pods.length]).flatMap(
      (pod) => pod ?? [],
    );
  };
  return {
    async count(_campaign, { tiers }, signal): Promise<RecordsTold | undefined> {
      const asked = chosen((tiers.records?.pods ?? []).filter(({ adminUrl }) => adminUrl !== undefined));
      if (asked.length === 0) return undefined;
      const failures: Error[] = [];
      const answers = await Promise.all(
        asked.map(async ({ name, adminUrl = '' }) => {
          try {
            return told(name, await scraper.page(adminUrl, signal));
          } catch (cause) {
            failures.push(
              new Error(`ask ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }),
            );
            return undefined;
          }
        }),
      );
      const received = answers.find((answer) => answer?.received !== undefined)?.received;
      const workers = workersViewOf(answers.flatMap((answer) => answer?.finding ?? []));
      const isExplained = workers !== undefined && (workers.database.length > 0 || workers.known < workers.pods);
      if (received === undefined && !isExplained) {
        throw failures[0] ?? new Error(`ask ${asked[0]?.name}: the metrics page has no ${METRICS.recordsTotal}`);
      }
      return { ...(received === undefined ? {} : { received }), ...(workers === undefined ? {} : { workers }) };
    },
  };
};

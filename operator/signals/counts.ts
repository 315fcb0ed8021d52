/**
 * What records pods say, each with its own credentials: registrations on record, and how it finds database and journal. The
 * total is one pod's word, for each of them sees the same database; how it goes is asked of all.
 */
import { METRICS } from '../../contract/app-contract.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CountsReader } from '../tick/ports.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import { FINDING_METRICS, findingOf, type PodFinding, workersViewOf } from './pod-findings.ts';
import type { RecordsTold } from './readings.ts';
import type { Scraper } from './scrape.ts';
import { createWorkerTurns } from './worker-turns.ts';

/** More workers than a database gains from; with more of them, these take turns. */
const MOST_ASKED = 16;

/** Undefined where a page has no total: the database did not answer that pod, which is no zero. */
export const totalOf = (families: ReadonlyMap<string, readonly MetricSample[]>): number | undefined => {
  const totals = families.get(METRICS.recordsTotal) ?? [];
  const received = totals.find(({ labels }) => labels['state'] === 'received')?.value;
  return received === undefined || !Number.isSafeInteger(received) || received < 0 ? undefined : received;
};

interface Told {
  readonly pod: string;
  readonly received: number | undefined;
  readonly finding: PodFinding | undefined;
}

const told = (pod: string, page: string): Told => {
  const families = parseMetrics(page, [METRICS.recordsTotal, ...FINDING_METRICS]);
  return { pod, received: totalOf(families), finding: findingOf(pod, families) };
};

/**
 * | records pods with an address | answers of this turn            | told |
 * |------------------------------|---------------------------------|------|
 * | none                         | –                               | undefined: nobody can tell |
 * | some                         | one at least, with a total      | that, and how all find it, each as it said last |
 * | some                         | one at least, none with a total | how they find it; an error where they find it well |
 * | some                         | none                            | an error |
 */
export const createCountsReader = (scraper: Pick<Scraper, 'page'>, clock: Pick<Clock, 'monotonicMs'>): CountsReader => {
  const turns = createWorkerTurns(MOST_ASKED);
  return {
    async count({ metadata: { namespace, name: campaignName } }, { tiers }, signal): Promise<RecordsTold | undefined> {
      const campaign = `${namespace}/${campaignName}`;
      const pods = (tiers.records?.pods ?? []).filter(({ adminUrl }) => adminUrl !== undefined);
      const asked = turns.next(campaign, pods, clock.monotonicMs());
      if (asked.length === 0) return undefined;
      const answers = await Promise.all(
        asked.map(async ({ name, adminUrl = '' }): Promise<Told | Error> => {
          try {
            return told(name, await scraper.page(adminUrl, signal));
          } catch (cause) {
            return new Error(`ask ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
          }
        }),
      );
      const said = answers.flatMap((answer) => (answer instanceof Error ? [] : [answer]));
      turns.heard(
        campaign,
        asked.map(({ name }) => [name, said.find(({ pod }) => pod === name)?.finding]),
      );
      const received = said.find((answer) => answer.received !== undefined)?.received;
      const workers = workersViewOf(turns.known(campaign, pods, clock.monotonicMs()), pods);
      const isExplained =
        said.length > 0 && workers !== undefined && (workers.database.length > 0 || workers.known < workers.pods);
      if (received === undefined && !isExplained) {
        const failure = answers.find((answer) => answer instanceof Error);
        throw failure ?? new Error(`ask ${asked[0]?.name}: the metrics page has no ${METRICS.recordsTotal}`);
      }
      return { ...(received === undefined ? {} : { received }), ...(workers === undefined ? {} : { workers }) };
    },
  };
};

/** Asks pods for their counters, all at once, within one deadline. A pod that doesn't answer is missing, never zero. */
import { Agent, request } from 'undici';
import { ADMIN_PATHS, METRICS } from '../api/app-contract.ts';
import { parseMetrics } from './metrics-text.ts';

export interface ScrapeTarget {
  readonly pod: string;
  readonly adminUrl: string;
}

export interface PodCounters {
  readonly pod: string;
  /** Registrations attempted since the process began, canaries left out. */
  readonly attempted: number;
  readonly sourceAtMs: number;
}

/** Of the one-second tick; the rest is for deciding and writing. */
const DEADLINE_MS = 800;
const MAX_PAGE_BYTES = 1024 * 1024;

const readPage = async (url: string, dispatcher: Agent, signal: AbortSignal): Promise<string> => {
  const { statusCode, body } = await request(url, { dispatcher, signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_PAGE_BYTES) throw new Error(`the metrics page is longer than ${MAX_PAGE_BYTES} bytes`);
    chunks.push(piece);
  }
  if (statusCode !== 200) throw new Error(`the metrics page answered ${statusCode}`);
  return Buffer.concat(chunks).toString('utf8');
};

/** Reads the counters out of a page. @throws Error when a series that proves the number is not there */
export const countersOf = (pod: string, page: string): PodCounters => {
  const families = parseMetrics(page, [METRICS.intakeArrivals, METRICS.scrapeTime]);
  const arrivals = families.get(METRICS.intakeArrivals);
  const time = families.get(METRICS.scrapeTime)?.[0]?.value;
  // prom-client prints a counter's family from its first label on: a page without one is from something else.
  if (arrivals === undefined || time === undefined) throw new Error('the metrics page has no arrivals or no time');
  const attempted = arrivals
    .filter(({ labels }) => labels['outcome'] !== 'canary')
    .reduce((sum, { value }) => sum + value, 0);
  return { pod, attempted, sourceAtMs: time * 1000 };
};

export interface Scraper {
  /** Counters of the pods that answered in time, in no order. Never rejects for a pod's sake. */
  scrape(targets: readonly ScrapeTarget[], signal: AbortSignal): Promise<readonly PodCounters[]>;
  close(): Promise<void>;
}

export const createScraper = (): Scraper => {
  const dispatcher = new Agent({ connections: 2, pipelining: 1, connect: { timeout: DEADLINE_MS } });
  return {
    async scrape(targets, signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
      const answers = await Promise.all(
        targets.map(async ({ pod, adminUrl }) => {
          try {
            return countersOf(pod, await readPage(`${adminUrl}${ADMIN_PATHS.metrics}`, dispatcher, deadline));
          } catch {
            return undefined;
          }
        }),
      );
      return answers.filter((answer) => answer !== undefined);
    },
    close: () => dispatcher.destroy(),
  };
};

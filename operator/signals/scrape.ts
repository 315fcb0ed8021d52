/** Reads the counters of pods, in parallel, within one deadline. A pod that doesn't answer is missing, never zero. */
import { Agent, type Dispatcher, request } from 'undici';
import { ADMIN_PATHS, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import { readText } from '../../runtime/read-text.ts';
import { type QueueSample, queueSampleOf, WAITING_ROOM_METRICS } from '../queue/queue-counts.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import { FINDING_METRICS, findingOf, type PodFinding } from './pod-findings.ts';
import type { CounterSample } from './rate-windows.ts';
import type { PodClock } from './readings.ts';
import { RECENT_METRICS, type RecentSecond, recentOf } from './recent-second.ts';

export interface ScrapeTarget {
  readonly pod: string;
  readonly adminUrl: string;
}

/** Attempted registrations, and those of them that were shed: with 503, or below HTTP. */
export interface IntakeSample extends CounterSample {
  readonly sentAway: number;
  readonly clocks?: NonNullable<PodClock['agreed']>;
  /** Absent: a pod of an older release, as is `returned`. */
  readonly recent?: RecentSecond;
  /** Absent: the pod has no waiting room. */
  readonly queue?: QueueSample;
}

export interface ScrapeResult {
  /** Attempted registrations of the pods that answered in time, canaries left out; in no order. */
  readonly samples: readonly IntakeSample[];
  /** What pods report about the journal, also of those without a readable counter. Absent: not read. */
  readonly findings?: readonly PodFinding[];
  /** The others, and why. */
  readonly missed: readonly { readonly pod: string; readonly error: unknown }[];
}

export interface ScraperOptions {
  /** For all pods together. 800 ms of the one-second tick; the rest is for deciding and writing. */
  readonly deadlineMs?: number;
  /** Pods asked at a time: bounds sockets and memory. */
  readonly concurrency?: number;
  /** Connections and credentials of a proxy; unless stated, direct connections. */
  readonly session?: () => Promise<Session>;
}

export interface Session {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/** A page of the intake is about 15 KiB. */
const MAX_PAGE_BYTES = 512 * 1024;
const NOT_ASKED = new Error('the deadline came before this pod’s turn');

const readPage = async (url: string, { dispatcher, headers }: Session, signal: AbortSignal): Promise<string> => {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: { ...headers, accept: 'text/plain;version=0.0.4' },
  });
  if (statusCode !== 200) {
    await body.dump({ limit: MAX_PAGE_BYTES });
    throw new Error(`the metrics page answered ${statusCode}`);
  }
  return readText(body, MAX_PAGE_BYTES);
};

/** Canaries are no demand. */
const isDemand = ({ labels }: MetricSample): boolean => labels['outcome'] !== 'canary';

const SENT_AWAY: readonly unknown[] = ['shed', 'failed', 'turned_away'] satisfies readonly ArrivalOutcome[];
const isSentAway = ({ labels }: MetricSample): boolean => SENT_AWAY.includes(labels['outcome']);

const WANTED = [
  METRICS.intakeArrivals,
  METRICS.scrapeTime,
  METRICS.processStart,
  METRICS.clockAhead,
  ...RECENT_METRICS,
  ...WAITING_ROOM_METRICS,
  ...FINDING_METRICS,
];

/** Reads one pod's counter out of its page. @throws Error when a series is missing or no count: that is not a zero */
export const sampleOf = (pod: string, page: string): IntakeSample => counterOf(pod, parseMetrics(page, WANTED));

const counterOf = (pod: string, families: ReturnType<typeof parseMetrics>): IntakeSample => {
  const millisecondsOf = (name: string): number => {
    const seconds = families.get(name)?.[0]?.value;
    if (seconds === undefined || !Number.isFinite(seconds)) throw new Error(`the metrics page has no ${name}`);
    return Math.round(seconds * 1000);
  };
  const arrivals = families.get(METRICS.intakeArrivals)?.filter(isDemand) ?? [];
  if (arrivals.length === 0) throw new Error(`the metrics page has no ${METRICS.intakeArrivals}`);
  const counter = arrivals.reduce((sum, { value }) => sum + value, 0);
  if (!Number.isFinite(counter) || arrivals.some(({ value }) => value < 0)) {
    throw new Error(`${METRICS.intakeArrivals} is no count`);
  }
  const sentAway = arrivals.filter(isSentAway).reduce((sum, { value }) => sum + value, 0);
  const clocks = (families.get(METRICS.clockAhead) ?? []).map(({ labels, value }) => ({
    clock: labels['clock'] ?? '',
    aheadSeconds: value,
  }));
  return {
    pod,
    counter,
    sentAway,
    ...(clocks.length === 0 ? {} : { clocks }),
    ...recentOf(families),
    ...defined({ queue: queueSampleOf(families) }),
    startedAtMs: millisecondsOf(METRICS.processStart),
    sourceAtMs: millisecondsOf(METRICS.scrapeTime),
  };
};

export const createScraper = ({ deadlineMs = 800, concurrency = 256, session }: ScraperOptions = {}) => {
  const dispatcher = new Agent({ connections: 1, pipelining: 1, connect: { timeout: deadlineMs } });
  const direct: Session = { dispatcher, headers: {} };
  const pageOf = async (adminUrl: string, signal: AbortSignal): Promise<string> =>
    readPage(`${adminUrl}${ADMIN_PATHS.metrics}`, (await session?.()) ?? direct, signal);
  return {
    /** The metrics page of one pod. @throws Error when it does not answer in time */
    page: (adminUrl: string, signal: AbortSignal): Promise<string> =>
      pageOf(adminUrl, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])),
    /** In the order given. Never rejects because of a pod; one that hasn't answered when `signal` aborts is missed. */
    async scrape(targets: readonly ScrapeTarget[], signal: AbortSignal): Promise<ScrapeResult> {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const samples: IntakeSample[] = [];
      const findings: PodFinding[] = [];
      const missed: { readonly pod: string; readonly error: unknown }[] = [];
      let next = 0;
      const ask = async (): Promise<void> => {
        for (let target = targets[next++]; target !== undefined; target = targets[next++]) {
          const { pod, adminUrl } = target;
          try {
            if (deadline.aborted) throw NOT_ASKED;
            const families = parseMetrics(await pageOf(adminUrl, deadline), WANTED);
            const finding = findingOf(pod, families);
            if (finding !== undefined) findings.push(finding);
            samples.push(counterOf(pod, families));
          } catch (error) {
            missed.push({ pod, error });
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrency, targets.length) }, ask));
      return { samples, findings, missed };
    },
    close: (): Promise<void> => dispatcher.destroy(),
  };
};
export type Scraper = ReturnType<typeof createScraper>;

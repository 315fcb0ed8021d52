/** What contestants read: one load model, told in the words of each. A server on the host that pods and processes reach. */
import { createServer, type Server } from 'node:http';
import { METRICS } from '../../../contract/app-contract.ts';
import { recentSeries, tenthsOf } from '../../helpers/recent-series.ts';
import type { LoadModel } from './load-model.ts';
import { INTAKES } from './manifests.ts';

export type Telling = ReturnType<LoadModel['now']>;

/** For KEDA's metrics-api scaler. The rate is exact over the last second: better than any scrape could give it. */
export const kedaPage = ({ overLastSecond, backlog }: Telling): string =>
  JSON.stringify({ rps: overLastSecond, lag: Math.round(backlog) });

/** What JetStream's sequences tell: whole messages, as its lag to KEDA's scaler. */
export const journalPage = ({ arrived, served }: Telling): string => {
  const [enqueued, workedOff] = [Math.floor(arrived), Math.floor(served)];
  return JSON.stringify({ messages: enqueued - workedOff, enqueued, workedOff });
};

/**
 * Of an intake pod: counters since its start, and its last second in tenths; each has its even share. Who waits does so in
 * the model's queue: no one is shed, and every attempt is a first one.
 */
export const metricsPage = (
  { arrived, served }: Telling,
  tenths: readonly number[],
  wallMs: number,
  startedAtMs: number,
): string =>
  [
    `${METRICS.intakeArrivals}{outcome="accepted"} ${Math.floor(arrived / INTAKES)}`,
    ...['shed', 'refused', 'failed'].map((outcome) => `${METRICS.intakeArrivals}{outcome="${outcome}"} 0`),
    `${METRICS.scrapeTime} ${wallMs / 1000}`,
    `${METRICS.processStart} ${startedAtMs / 1000}`,
    `${METRICS.recordsTotal}{state="received"} ${Math.floor(served)}`,
    ...recentSeries({ tenths }),
    '',
  ].join('\n');

export interface PageServer {
  /** The run that is on: undefined between runs, when nobody is answered. */
  serve(model: LoadModel | undefined): void;
  /** When a page was last asked for first after `sinceMs` (of performance.now), or undefined. */
  firstReadSince(sinceMs: number): number | undefined;
  close(): Promise<void>;
}

const SERVED = ['/keda', '/journal', '/metrics'] as const;

/** The host's end of a cluster's link, and the addresses of simulated pods. */
const isLocal = (address: string): boolean => /^(10\.2[0-3]\d\.255\.1|127\.)/.test(address);

const listening = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

/** @param at where to listen, each `host` and `port` */
export const startPages = async (
  at: readonly { readonly host: string; readonly port: number }[],
): Promise<PageServer> => {
  let model: LoadModel | undefined;
  let startedAtMs = Date.now();
  let reads: number[] = [];
  const answer = (path: string, playing: LoadModel, nowMs: number): string => {
    const telling = playing.now(nowMs);
    if (path === '/keda') return kedaPage(telling);
    if (path === '/journal') return journalPage(telling);
    const tenths = tenthsOf((atMs) => Math.floor(playing.arrivedAt(atMs) / INTAKES), nowMs);
    return metricsPage(telling, tenths, Date.now(), startedAtMs);
  };
  const servers = at.map(() =>
    createServer((request, response) => {
      // A wildcard of the loopback network is none of the kernel's, so one of the servers listens on every address.
      if (!isLocal(request.socket.localAddress ?? '')) return void request.socket.destroy();
      const { pathname } = new URL(request.url ?? '/', 'http://pages');
      if (model === undefined || !SERVED.some((path) => path === pathname)) {
        response.statusCode = 404;
        return void response.end();
      }
      const nowMs = performance.now();
      reads.push(nowMs);
      response.setHeader('content-type', pathname === '/metrics' ? 'text/plain; version=0.0.4' : 'application/json');
      response.end(answer(pathname, model, nowMs));
    }),
  );
  for (const [index, { host, port }] of at.entries()) {
    const server = servers[index];
    if (server !== undefined) await listening(server, port, host);
  }
  return {
    serve(next) {
      model = next;
      startedAtMs = Date.now();
      reads = [];
    },
    firstReadSince: (sinceMs) => reads.find((atMs) => atMs >= sinceMs),
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
};

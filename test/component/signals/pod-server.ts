/** An intake's admin port of straw, on a real socket, that fails in the ways that pods fail. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { aMetricsPage } from '../../helpers/a-metrics-page.ts';
import type { RecentSeries } from '../../helpers/recent-series.ts';

export type Behaviour =
  /** Without `recent`, the page of an older release. */
  | { readonly kind: 'answers'; readonly counter: number; readonly recent?: RecentSeries }
  | { readonly kind: 'page'; readonly page: string; readonly status?: number }
  | { readonly kind: 'hangs' }
  /** Headers and half a page, then silence. */
  | { readonly kind: 'stalls' }
  /** Promises a whole page and hangs up in the middle. */
  | { readonly kind: 'breaks' }
  /** Never stops sending. */
  | { readonly kind: 'floods' };

export interface PodServer {
  readonly url: string;
  behave(behaviour: Behaviour): void;
  /** Of the last request. */
  readonly headers: () => IncomingHttpHeaders;
  /** Connections that are open. */
  readonly connections: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

const flood = (response: ServerResponse): void => {
  const line = `${'# '.padEnd(1023, 'x')}\n`.repeat(16);
  const send = (): void => {
    while (response.writable && response.write(line));
  };
  response.on('drain', send);
  send();
};

/** @param now - Unix seconds of the pod's clock, asked for every page */
export const startPod = async (now: () => number): Promise<PodServer> => {
  let behaviour: Behaviour = { kind: 'answers', counter: 0 };
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    headers = request.headers;
    const page = aMetricsPage({
      accepted: behaviour.kind === 'answers' ? behaviour.counter : 5,
      now: now(),
      started: 1,
      ...(behaviour.kind === 'answers' && behaviour.recent !== undefined ? { recent: behaviour.recent } : {}),
    });
    switch (behaviour.kind) {
      case 'answers':
        response.end(page);
        return;
      case 'page':
        response.writeHead(behaviour.status ?? 200).end(behaviour.page);
        return;
      case 'hangs':
        return;
      case 'stalls':
        response.write(page.slice(0, page.length / 2));
        return;
      case 'breaks':
        response.setHeader('content-length', page.length);
        response.write(page.slice(0, page.lastIndexOf('\n', page.length - 2) + 1), () => response.destroy());
        return;
      case 'floods':
        flood(response);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    behave: (next) => {
      behaviour = next;
    },
    headers: () => headers,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

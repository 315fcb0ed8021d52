/** A server that answers as a test tells it to, request by request, and keeps what it was sent. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Hang: never answers. Half: the connection ends in the middle of the body. Twice: the response is sent two times. */
  readonly fault?: 'hang' | 'half' | 'reset' | 'twice';
}

export type Answer = (received: Received) => Scripted;

export interface ScriptedServer {
  readonly url: string;
  readonly received: Received[];
  /** From now on. */
  answer(with_: Answer): void;
  close(): Promise<void>;
}

export const startScriptedServer = async (first: Answer = () => ({ status: 404 })): Promise<ScriptedServer> => {
  let answer = first;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one: Received = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      received.push(one);
      const { status = 200, headers = {}, body = '', fault } = answer(one);
      const bytes = Buffer.from(body);
      if (fault === 'hang') return;
      if (fault === 'reset') return void request.socket.destroy();
      const all = { 'Content-Type': 'application/json; charset=utf-8', ...headers };
      if (fault === 'half') {
        response.writeHead(status, { ...all, 'Content-Length': bytes.length });
        response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => request.socket.destroy());
        return;
      }
      if (fault === 'twice') {
        const lines = Object.entries({ ...all, 'Content-Length': String(bytes.length) }).map(
          ([k, v]) => `${k}: ${v}\r\n`,
        );
        const text = Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n`), bytes]);
        request.socket.write(Buffer.concat([text, text]));
        return;
      }
      response.writeHead(status, all).end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer(with_) {
      answer = with_;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

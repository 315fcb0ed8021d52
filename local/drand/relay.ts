/**
 * A relay of a local chain, with the paths of drand's HTTP API:
 *
 * | request                       | answer                                                     |
 * |-------------------------------|------------------------------------------------------------|
 * | GET /chains                   | the chain's hash                                           |
 * | GET /HASH/info                | key, period, genesis                                       |
 * | GET /HASH/public/ROUND        | the round; 425 before its time                             |
 * | GET /HASH/public/latest       | the latest round                                           |
 * | POST /_fault {"fault": …}     | from now on each round is spoilt in this way; null: not    |
 */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { bind } from '../../runtime/bind.ts';
import { send } from '../../runtime/small-server.ts';
import type { LocalChain } from './chain.ts';

/**
 * | fault     | what a client sees                             |
 * |-----------|------------------------------------------------|
 * | down      | 503                                            |
 * | hang      | no answer                                      |
 * | garbage   | bytes that are no text                         |
 * | huge      | a round after a megabyte of spaces             |
 * | other     | another round, with its valid signature        |
 * | forged    | the round with the signature of another one    |
 * | random    | the round with another randomness              |
 * | redirect  | 302 to another address                         |
 */
export const RELAY_FAULTS = ['down', 'hang', 'garbage', 'huge', 'other', 'forged', 'random', 'redirect'] as const;
export type RelayFault = (typeof RELAY_FAULTS)[number];
const faultBody = z.strictObject({ fault: z.enum(RELAY_FAULTS).nullable() });

export interface RelayServerOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly nowMs?: () => number;
}

export interface RelayServer {
  readonly url: string;
  setFault(fault: RelayFault | undefined): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const JSON_TYPE = 'application/json';

export const startRelay = async (
  chain: LocalChain,
  { port = 0, nowMs = Date.now }: RelayServerOptions = {},
): Promise<RelayServer> => {
  const { hash, genesis_time: genesis, period } = chain.info;
  let fault: RelayFault | undefined;
  const latest = (): number => Math.floor((nowMs() / 1_000 - genesis) / period) + 1;
  const roundText = (round: number): string => {
    const own = chain.sign(round);
    const other = chain.sign(round + 1);
    switch (fault) {
      case 'other':
        return JSON.stringify(other);
      case 'forged':
        return JSON.stringify({ ...other, round });
      case 'random':
        return JSON.stringify({ ...own, randomness: other.randomness });
      case 'huge':
        return `${' '.repeat(2 ** 20)}${JSON.stringify(own)}`;
      default:
        return JSON.stringify(own);
    }
  };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', `http://${HOST}`).pathname;
    if (request.method === 'POST' && path === '/_fault') {
      const wanted = parseUntrusted(faultBody, await text(request));
      if (wanted === undefined) return send(response, 400, `fault is one of ${RELAY_FAULTS.join(', ')}, or null`);
      fault = wanted.fault ?? undefined;
      return send(response, 200, 'ok');
    }
    if (path === '/chains') return send(response, 200, JSON.stringify([hash]), JSON_TYPE);
    if (path === `/${hash}/info`) return send(response, 200, JSON.stringify(chain.info), JSON_TYPE);
    const named = /^\/([0-9a-f]{64})\/public\/(latest|\d{1,15})$/.exec(path);
    if (named?.[1] !== hash) return send(response, 404, 'no such chain or path');
    const round = named[2] === 'latest' ? latest() : Number(named[2]);
    if (round < 1 || round > latest()) return send(response, 425, 'this round is not yet published');
    if (fault === 'hang') return;
    if (fault === 'down') return send(response, 503, 'down');
    if (fault === 'redirect') return void response.writeHead(302, { location: `/${hash}/public/1` }).end();
    if (fault === 'garbage')
      return void response.writeHead(200, { 'content-type': JSON_TYPE }).end(Buffer.of(0xff, 0xfe, 0));
    send(response, 200, roundText(round), JSON_TYPE);
  });
  const bound = await bind(server, { host: HOST, port });
  return {
    url: `http://${HOST}:${bound}`,
    setFault(wanted) {
      fault = wanted;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/**
 * What the local providers have in common: limits, faults, the count. A protocol reads a question and writes an outcome.
 *
 * GET /_counts is the provider's own count (counts.ts), POST /_faults switches faults (faults.ts).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { bind } from '../../runtime/bind.ts';
import { type Counts, createCounter } from './counts.ts';
import { createFaults, type Fault, faultsBody, type Reply, refuse, sendLeftOver, sendReply, spoil } from './faults.ts';
import { type Person, sourceErrorsOf, truthOf } from './truth.ts';

/** What comes of a request; also its name in the count. Other texts are error codes of the protocol. */
export type Outcome =
  | 'match'
  | 'mismatch'
  | 'no_record'
  | 'source_error'
  | 'too_often'
  | 'throttled'
  | 'quota'
  | (string & {});

export interface Protocol {
  /** Who is asked about, or why the request is refused. */
  read(request: IncomingMessage, body: Buffer, nowMs: number): Person | Outcome;
  write(outcome: Outcome): Reply;
}

export interface Limits {
  /** In one second of the server's clock. */
  readonly perSecond: number;
  /** In one day of Beijing. Left out: no limit. */
  readonly perDay?: number;
  /** Of one name, and of one number, in one day. Left out: no limit. */
  readonly perName?: number;
  readonly perNumber?: number;
}

export interface ProviderServerOptions {
  readonly limits: Limits;
  readonly host?: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly nowMs?: () => number;
  /** A normal answer takes so long. */
  readonly latencyMs?: number;
}

export interface ProviderServer {
  readonly url: string;
  readonly port: number;
  counts(): Counts;
  setFaults(faults: readonly Fault[]): void;
  close(): Promise<void>;
}

const CHINA_OFFSET_MS = 8 * 3_600_000;
const dayOf = (nowMs: number): number => Math.floor((nowMs + CHINA_OFFSET_MS) / 86_400_000);
const VERDICTS: readonly Outcome[] = ['match', 'mismatch', 'no_record'];

/** Counts by digest, from zero each day. */
const dailyCount = () => {
  let day = 0;
  let counts = new Map<number, number>();
  return (key: number, nowMs: number): number => {
    if (dayOf(nowMs) !== day) {
      day = dayOf(nowMs);
      counts = new Map();
    }
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
};

export const startProviderServer = async (
  protocol: Protocol,
  { limits, host = '127.0.0.1', port = 0, nowMs = Date.now, latencyMs = 0 }: ProviderServerOptions,
): Promise<ProviderServer> => {
  const counter = createCounter(nowMs);
  const faults = createFaults(() => performance.now());
  const daily = dailyCount();

  /** Only for limits that exist, because three million numbers take memory. */
  const isBeyond = (key: string, limit: number | undefined, atMs: number): boolean =>
    limit !== undefined && daily(counter.digestOf(key), atMs) > limit;

  const lookUp = (person: Person, digest: number, atMs: number): Outcome => {
    if (isBeyond('all', limits.perDay, atMs)) return 'quota';
    const asked = counter.asked(digest);
    const isTooOften =
      isBeyond(`name/${person.name}`, limits.perName, atMs) ||
      isBeyond(`number/${person.idNumber}`, limits.perNumber, atMs);
    if (isTooOften) return 'too_often';
    return asked <= sourceErrorsOf(person.idNumber) ? 'source_error' : truthOf(person);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = nowMs();
    const inThisSecond = counter.arrived(atMs);
    const fault = faults.next();
    if (fault !== undefined) counter.fault(fault.kind);
    const body = await buffer(request);
    sendLeftOver(request.socket);
    if (fault !== undefined && refuse(fault, request, response)) return;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));

    const read = protocol.read(request, body, atMs);
    const finish = (outcome: Outcome, digest?: number): void => {
      counter.result(outcome);
      const reply = protocol.write(outcome);
      let isReadable = true;
      response.once('finish', () => {
        if (isReadable && digest !== undefined && VERDICTS.includes(outcome)) counter.answered(digest);
      });
      if (fault === undefined) sendReply(response, reply);
      else isReadable = spoil(fault, response, reply);
    };
    if (typeof read === 'string') return finish(read);
    if (fault?.kind === 'error') return finish(fault.code);
    if (inThisSecond > limits.perSecond) {
      counter.throttled(atMs);
      return finish('throttled');
    }
    const digest = counter.digestOf(`${read.idNumber}/${read.name}`);
    finish(lookUp(read, digest, atMs), digest);
  };

  const control = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'GET' && request.url === '/_counts')
      return sendReply(response, { status: 200, body: JSON.stringify(counter.read()) });
    const wanted = request.url === '/_faults' ? parseUntrusted(faultsBody, await buffer(request)) : undefined;
    if (wanted === undefined)
      return sendReply(response, {
        status: 400,
        body: '{"error":"GET /_counts, or POST /_faults {faults: [{kind, …}]}"}',
      });
    faults.set(wanted.faults);
    return sendReply(response, { status: 200, body: '{}' });
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const isControl = request.url?.startsWith('/_') === true;
    // A client that goes away while it sends is no fault of the server.
    (isControl ? control : answer)(request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', () => counter.connected());
  const bound = await bind(server, { host, port });
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    counts: () => counter.read(),
    setFaults: (wanted) => faults.set(wanted),
    async close() {
      counter.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/**
 * Bounds the connections of a server. At the limit a new connection replaces one that is not in use. Otherwise one machine that
 * keeps thousands open would lock all others out, unseen above TCP.
 *
 * Closed in this order, the longest in its state first:
 *
 * | connection                                             | is closed           | counts as turned away |
 * |--------------------------------------------------------|---------------------|-----------------------|
 * | idle after an answer                                   | at once             | no: it has its answers |
 * | has not sent a complete head for a second              | yes                 | if it has sent a part of one |
 * | has not sent a complete body, or read its answer, for a second | yes         | no: the application counts it |
 * | waits for the application                              | never               |                       |
 * | the new one, where no other can be closed              | it is refused       | yes                   |
 *
 * One second is what a head or body needs on a bad network; without it a burst would push out its own first connections.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const GRACE_MS = 1_000;
/** A look at all busy connections is expensive: its result is used until the next one. */
const LOOK_EVERY_MS = 100;

interface Line {
  readonly socket: Socket;
  /** Start of its state. */
  sinceMs: number;
  /** Bytes that the socket had read then. */
  bytes: number;
  /** Requests whose answer is not sent completely. */
  open: number;
  last: { readonly request: IncomingMessage; readonly response: ServerResponse } | undefined;
}

export interface Connections {
  attach(server: Server): void;
  readonly open: number;
  /** Connections that were refused, or cut after a part of a request, to keep the limit; only grows. */
  readonly turnedAway: number;
}

export interface ConnectionsOptions {
  readonly limit: number;
  readonly monotonicMs?: () => number;
}

/** Whether the server waits for the client. */
const isClientsTurn = ({ last }: Line): boolean =>
  last !== undefined && (!last.request.complete || last.response.writableEnded);

export const createConnections = ({
  limit,
  monotonicMs = () => performance.now(),
}: ConnectionsOptions): Connections => {
  // Sets keep their order: the first connection has been in its state for the longest time.
  /** Before the end of a head. */
  const beginning = new Set<Line>();
  const idle = new Set<Line>();
  const busy = new Set<Line>();
  let candidates: Line[] = [];
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let turnedAway = 0;

  const enter = (state: Set<Line>, line: Line): void => {
    for (const other of [beginning, idle, busy]) other.delete(line);
    line.sinceMs = monotonicMs();
    line.bytes = line.socket.bytesRead;
    state.add(line);
  };

  const firstIdle = (): Line | undefined => {
    for (const line of idle) {
      if (line.socket.bytesRead === line.bytes) return line;
      // Its next request is arriving.
      enter(beginning, line);
    }
    return undefined;
  };

  const firstBeginning = (nowMs: number): Line | undefined => {
    const [line] = beginning;
    if (line === undefined || nowMs - line.sinceMs < GRACE_MS) return undefined;
    if (line.socket.bytesRead > 0) turnedAway += 1;
    return line;
  };

  const firstSlow = (nowMs: number): Line | undefined => {
    const isSlow = (line: Line): boolean =>
      busy.has(line) && isClientsTurn(line) && nowMs - line.sinceMs >= GRACE_MS && !line.socket.destroyed;
    if (candidates.length === 0 && nowMs - lookedAtMs >= LOOK_EVERY_MS) {
      lookedAtMs = nowMs;
      candidates = [...busy].filter(isSlow).reverse();
    }
    for (let line = candidates.pop(); line !== undefined; line = candidates.pop()) if (isSlow(line)) return line;
    return undefined;
  };

  const forget = (line: Line): void => {
    for (const state of [beginning, idle, busy]) state.delete(line);
  };
  const cut = (line: Line): void => {
    forget(line);
    line.socket.destroy();
  };

  const onConnection = (socket: Socket, lines: WeakMap<Socket, Line>): void => {
    const line: Line = { socket, sinceMs: 0, bytes: 0, open: 0, last: undefined };
    lines.set(socket, line);
    enter(beginning, line);
    socket.once('close', () => forget(line));
    if (beginning.size + idle.size + busy.size <= limit) return;
    const nowMs = monotonicMs();
    const other = firstIdle() ?? firstBeginning(nowMs) ?? firstSlow(nowMs);
    if (other === undefined) turnedAway += 1;
    cut(other ?? line);
  };

  const onRequest = (line: Line | undefined, request: IncomingMessage, response: ServerResponse): void => {
    if (line === undefined) return;
    line.open += 1;
    line.last = { request, response };
    enter(busy, line);
    response.once('close', () => {
      line.open -= 1;
      if (line.open > 0 || line.socket.destroyed) return;
      line.last = undefined;
      enter(idle, line);
    });
  };

  return {
    attach(server) {
      const lines = new WeakMap<Socket, Line>();
      server.on('connection', (socket: Socket) => onConnection(socket, lines));
      server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
        onRequest(lines.get(request.socket), request, response),
      );
    },
    get open() {
      return beginning.size + idle.size + busy.size;
    },
    get turnedAway() {
      return turnedAway;
    },
  };
};

/** For files, the journal, the database and connections that are being closed. */
const OTHER_FILES = 128;

/**
 * Bounds `wanted` by the open files that the process may have: beyond that, the kernel refuses connections unseen. A container
 * runtime may allow only 1,024 files.
 *
 * @param limits text of `/proc/self/limits`; undefined where it does not exist
 */
export const affordable = (wanted: number, limits: string | undefined): number => {
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(wanted, most > 2 * OTHER_FILES ? most - OTHER_FILES : Math.floor(most / 2)));
};

/** `/proc/self/limits`; undefined on a system without it. */
export const ownLimits = (): string | undefined => {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
};

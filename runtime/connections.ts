/**
 * A server holds so many connections and no more, and who holds one without use gives way to who comes new: a machine that
 * keeps thousands open would otherwise lock everybody else out, and nothing above TCP would know.
 *
 * Who gives way, in this order, the longest first:
 *
 * | connection                                             | gives way           | counts as sent away |
 * |--------------------------------------------------------|---------------------|---------------------|
 * | kept after an answer, nothing came since               | at once             | no: it has its answers |
 * | has not sent a whole head for a second                 | yes                 | if it sent a part of one |
 * | has not sent a whole body, or read its answer, for a second | yes            | no: the application knows of it |
 * | waits for the application                              | never               |                     |
 * | came just now, and no other gives way                  | it is refused       | yes                 |
 *
 * The second is what an honest head or body needs on a bad line; without it a burst would push out its own first ones.
 * Memory: one small entry for each open connection.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const GRACE_MS = 1_000;
/** Looking through everybody who is busy costs: what one look finds serves until the next. */
const LOOK_EVERY_MS = 100;

interface Line {
  readonly socket: Socket;
  /** Since when it is in its state. */
  sinceMs: number;
  /** Of the socket, at that time. */
  bytes: number;
  /** Requests without an answer that is through. */
  open: number;
  last: { readonly request: IncomingMessage; readonly response: ServerResponse } | undefined;
}

export interface Connections {
  /** Counts and bounds the connections of a server from now on. */
  attach(server: Server): void;
  readonly open: number;
  /** Connections that were refused, or cut with a part of a request, to stay within the limit; only grows. */
  readonly turnedAway: number;
}

export interface ConnectionsOptions {
  readonly limit: number;
  readonly monotonicMs?: () => number;
}

/** Whether it is the client who is waited for. */
const isClientsTurn = ({ last }: Line): boolean =>
  last !== undefined && (!last.request.complete || last.response.writableEnded);

export const createConnections = ({
  limit,
  monotonicMs = () => performance.now(),
}: ConnectionsOptions): Connections => {
  // Sets keep the order in which lines came into the state: the first one is in it for the longest.
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
      // Its next request is on the way.
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

/** For files, the journal, the database and whoever is being sent away. */
const OTHER_FILES = 128;

/**
 * No more than the process may have: a connection beyond that is refused by the kernel's answer to `accept`, which
 * nothing here hears of. A container runtime may allow 1,024 files.
 *
 * @param limits as `/proc/self/limits` says it; undefined where there is none
 */
export const affordable = (wanted: number, limits: string | undefined): number => {
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(wanted, most > 2 * OTHER_FILES ? most - OTHER_FILES : Math.floor(most / 2)));
};

/** What /proc says of this process; undefined on a system without it. */
export const ownLimits = (): string | undefined => {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
};

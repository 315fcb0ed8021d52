/**
 * Whether a server of the journal should be restarted now. Pure: time is an argument. Every server decides for itself, from
 * the state of all of them, so that two never restart at a time:
 *
 * | own server                    | others                                        | |
 * |-------------------------------|-----------------------------------------------|-|
 * | well, behind, without quorum  | any                                           | no: after a restart it would have to catch up again |
 * | does not answer               | any                                           | no: the kubelet's probe decides that, in minutes |
 * | JetStream off, no room        | any                                           | no: it would switch it off again |
 * | a write error, or JetStream off with room, for 10 s | all are ready for 20 s, none of a lower number has one | restarts |
 * | the same                      | one of a lower number has one                 | waits: that one restarts first |
 * | the same                      | one has started less than 20 s ago, or is not ready yet | waits, however long that takes |
 * | the same, carries a stream    | one has run for less than 2 min and is behind in that stream | waits: only two replicas of it are left |
 * | the same, carries a stream    | one does not answer                           | no: a restart would end that stream's quorum |
 * | the same, carries none        | one does not answer                           | waits |
 * | the same, for 90 s and 30 s more for each number | no row above says no or "however long" | restarts: waiting longer does not help |
 * | the same, restarted before    | any                                           | waits 1 min, then 2, 4, 8 and at most 10: the disk may still be broken |
 *
 * Example: all three have a write error. nats-0 restarts at 10 s; nats-1 sees it ready and 20 s old at about 32 s, and
 * restarts; nats-2 at about 54 s. Streams that broke on every server have no leader, so no server waits for them. Nothing is
 * deleted: a restarted server keeps its data and fetches what it missed.
 */
import { type BackoffLimits, stepMs } from '../../runtime/backoff.ts';

export interface ServerView {
  readonly trouble: 'none' | 'writeError' | 'jetStreamOff';
  /** It accepts clients. A server that still reads its store answers on its monitoring port long before. */
  readonly isReady: boolean;
  readonly runsForMs: number;
  readonly broken: Streams;
  /** Streams that it has not all of, or that have no leader. */
  readonly behind: Streams;
}

export type Streams = 'all' | readonly string[];

export interface HealInput {
  /** This server's number, from 0. */
  readonly ordinal: number;
  /** All of them by number; undefined does not answer. */
  readonly servers: readonly (ServerView | undefined)[];
  readonly freeBytes: number | undefined;
}

export interface HealMemory {
  /** Since when this server has been sick; undefined: it is not. */
  readonly sickSinceMs: number | undefined;
  readonly restartedAtMs: number;
  readonly restarts: number;
}

export const NEVER_HEALED: HealMemory = {
  sickSinceMs: undefined,
  restartedAtMs: Number.NEGATIVE_INFINITY,
  restarts: 0,
};

interface HealDecision {
  readonly memory: HealMemory;
  readonly restart: boolean;
  /** Why, or why not yet; undefined: nothing to report. */
  readonly why: string | undefined;
}

const SICK_FOR_MS = 10_000;
const SETTLED_AFTER_MS = 20_000;
const ALONE_AFTER_MS = 90_000;
const ALONE_STEP_MS = 30_000;
const CATCHES_UP_WITHIN_MS = 120_000;
const AGAIN: BackoffLimits = { initialMs: 60_000, maxMs: 600_000 };
/** A server that starts on less would be full at once. */
const LEAST_FREE_BYTES = 64 * 2 ** 20;

const isSick = (view: ServerView | undefined): boolean => view !== undefined && view.trouble !== 'none';

/** Whether the other one is behind in a stream that this one still carries: a restart would leave one replica of it. */
const isBehindIn = (own: ServerView, other: ServerView): boolean => {
  const { broken } = own;
  if (broken === 'all' || other.trouble !== 'none' || other.runsForMs >= CATCHES_UP_WITHIN_MS) return false;
  return other.behind === 'all' || other.behind.some((stream) => !broken.includes(stream));
};

/** What prevents a restart now; undefined: nothing. */
const obstacle = (
  { ordinal, servers, freeBytes }: HealInput,
  memory: HealMemory,
  nowMs: number,
): string | undefined => {
  const own = servers[ordinal];
  const sickForMs = nowMs - (memory.sickSinceMs ?? nowMs);
  const pauseMs = memory.restarts === 0 ? 0 : stepMs(memory.restarts, AGAIN);
  const others = servers.map((view, n) => ({ view, n })).filter(({ n }) => n !== ordinal);
  if (sickForMs < SICK_FOR_MS) return 'it may pass by itself';
  if (own?.trouble === 'jetStreamOff' && freeBytes !== undefined && freeBytes < LEAST_FREE_BYTES) {
    return `its volume has only ${Math.round(freeBytes / 2 ** 20)} MiB left: free space or enlarge it`;
  }
  if (nowMs - memory.restartedAtMs < pauseMs) return 'a restart did not help: check the disk';
  const coming = others.find(({ view }) => view !== undefined && (!view.isReady || view.runsForMs < SETTLED_AFTER_MS));
  if (coming !== undefined) {
    return `server ${coming.n} ${coming.view?.isReady === true ? 'has just started' : 'is not ready yet'}`;
  }
  const away = others.find(({ view }) => view === undefined);
  if (away !== undefined && own?.broken !== 'all') {
    return `server ${away.n} does not answer, and a restart would end the quorum of streams on this server`;
  }
  if (sickForMs >= ALONE_AFTER_MS + ordinal * ALONE_STEP_MS) return undefined;
  if (away !== undefined) return `server ${away.n} does not answer`;
  const behind = others.find(({ view }) => own !== undefined && view !== undefined && isBehindIn(own, view));
  if (behind !== undefined) return `server ${behind.n} still catches up`;
  const first = others.find(({ view, n }) => n < ordinal && isSick(view));
  return first === undefined ? undefined : `server ${first.n} goes first`;
};

export const decideHeal = (input: HealInput, before: HealMemory, nowMs: number): HealDecision => {
  const own = input.servers[input.ordinal];
  if (!isSick(own)) {
    const isLongWell = own !== undefined && nowMs - before.restartedAtMs > AGAIN.maxMs;
    const memory = { ...before, sickSinceMs: undefined, restarts: isLongWell ? 0 : before.restarts };
    return { memory, restart: false, why: undefined };
  }
  const memory: HealMemory = { ...before, sickSinceMs: before.sickSinceMs ?? nowMs };
  const what = own?.trouble === 'writeError' ? 'the server has a write error' : 'the server has switched JetStream off';
  const waits = obstacle(input, memory, nowMs);
  if (waits !== undefined) return { memory, restart: false, why: `${what}; it is not restarted yet: ${waits}` };
  return {
    memory: { sickSinceMs: undefined, restartedAtMs: nowMs, restarts: memory.restarts + 1 },
    restart: true,
    why: `${what}; it is restarted, and keeps its volume`,
  };
};

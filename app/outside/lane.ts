/** One outside system as this pod may use it now: its share of the rate, its breaker, its quota. */
import type { OutsideBlock } from '../../contract/outside/outside.ts';
import type { Clock, WallClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { datesIn } from '../../runtime/zone-dates.ts';
import { afterSent, afterTurn, type Breaker, breakerBlock, CLOSED, type Instant } from './breaker.ts';
import type { OutsideMetrics } from './metrics.ts';
import type { Sent } from './outcome.ts';
import { nextDueMs } from './pace.ts';
import { quotaEndMs } from './quota-day.ts';

export type { Sent } from './outcome.ts';

export interface Lane {
  readonly name: string;
  /** Why it is not asked now; undefined: it can be. */
  blocked(): OutsideBlock | undefined;
  /**
   * Waits for its turn, evenly spaced within the pod's share. After `true` the request is sent at once, and `sent` is called in any
   * case: the turn may be the breaker's only probe, which is given up when its outcome is not reported within half a minute.
   * @returns false when it was blocked meanwhile or the signal has aborted, and no request may be sent. Never rejects
   */
  turn(signal: AbortSignal): Promise<boolean>;
  /** The outcome of the request that the turn was for. */
  sent(outcome: Sent): void;
}

/** What a lane has learned of its system. */
export interface LaneMemory {
  breaker: Breaker;
}

export const newMemory = (): LaneMemory => ({ breaker: CLOSED });

export interface LaneOptions {
  /** Of the outside system, as in the operator's shares. */
  readonly name: string;
  /** Requests per second that this pod may send now (read-shares.ts). */
  readonly share: () => number;
  /** In which the day of its quota begins. */
  readonly timeZone: string;
  readonly clock: Clock;
  /** The agreed clock: when that day begins. */
  readonly agreed: WallClock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: OutsideMetrics;
  /** Of a former lane to the same system. */
  readonly memory?: LaneMemory;
}

interface Waiter {
  readonly askedAtMs: number;
  readonly answer: (isGranted: boolean) => void;
}

/** How soon a change of the share is noticed while a turn is waited for. */
const LOOK_EVERY_MS = 100;

/**
 * Turns are granted in the order in which they were asked for. Each is checked against share and breaker at the instant at which it
 * is granted, by one reading of the clock. A process that is stopped after that instant, and before the request has left it, sends
 * that request when it goes on, although its share has expired by then: no check in this process can come later. At most the turns
 * of one instant are late like that, so a stopped pod adds MADE_UP_MS of its share at most (pace.ts), for most shares one request.
 */
export const createLane = (options: LaneOptions): Lane => {
  const { name, share, timeZone, clock, agreed, random, metrics, memory = newMemory() } = options;
  const dateOf = datesIn(timeZone);
  const quotaEnd = (agreedMs: number): number => quotaEndMs(dateOf, agreedMs);
  const line: Waiter[] = [];
  const never = new AbortController().signal;
  let lastDueMs: number | undefined;
  let isGranting = false;

  const now = (): Instant => ({ monotonicMs: clock.monotonicMs(), agreedMs: agreed.now() });
  // The breaker's reason first: a system that this pod saw fail is reported as failing, also once the operator has stopped it.
  const blockAt = (instant: Instant): OutsideBlock | undefined =>
    breakerBlock(memory.breaker, instant) ?? (share() > 0 ? undefined : 'no_share');

  /** Grants what is due. @returns how long to wait for the next turn, in ms; undefined: no turn is waited for */
  const grantDue = (): number | undefined => {
    for (;;) {
      const [first] = line;
      if (first === undefined) return undefined;
      const instant = now();
      if (blockAt(instant) !== undefined) {
        for (const { answer } of line.splice(0)) answer(false);
        return undefined;
      }
      const nowMs = instant.monotonicMs;
      const dueMs = nextDueMs({ perSecond: share(), lastDueMs, askedAtMs: first.askedAtMs, nowMs });
      if (dueMs > nowMs) return dueMs - nowMs;
      lastDueMs = dueMs;
      memory.breaker = afterTurn(memory.breaker, instant);
      line.shift();
      first.answer(true);
    }
  };
  const grant = async (): Promise<void> => {
    let waitMs = grantDue();
    if (isGranting) return;
    isGranting = true;
    for (; waitMs !== undefined; waitMs = grantDue()) await sleep(clock, Math.min(waitMs, LOOK_EVERY_MS), never);
    isGranting = false;
  };

  const lane: Lane = {
    name,
    blocked: () => blockAt(now()),
    async turn(signal) {
      if (signal.aborted) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const waiter: Waiter = { askedAtMs: clock.monotonicMs(), answer: resolve };
      const leave = (): void => {
        const at = line.indexOf(waiter);
        if (at >= 0) line.splice(at, 1);
        resolve(false);
      };
      signal.addEventListener('abort', leave, { once: true });
      line.push(waiter);
      void grant();
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    sent(outcome) {
      metrics.sent(name, outcome);
      memory.breaker = afterSent(memory.breaker, { outcome, now: now(), random: random(), quotaEndMs: quotaEnd });
      grantDue();
    },
  };
  metrics.watch(name, lane.blocked);
  return lane;
};

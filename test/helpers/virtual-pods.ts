/**
 * Processes on virtual time: each has its own clock, and can be stopped (SIGSTOP), continued and killed at any instant. Timers of a
 * stopped process fire when it goes on, as Node's do; what was sent before is on its way.
 */
import type { Clock } from '../../runtime/clock.ts';
import { settle } from './fake-clock.ts';

export interface VirtualPod {
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  stopFor(ms: number): void;
  kill(): void;
}

export interface VirtualWorld {
  nowMs(): number;
  /** Uniform in [0, 1), from the seed. */
  random(): number;
  /** For what no process does: the network, the journal. */
  after(delayMs: number, callback: () => void): void;
  pod(): VirtualPod;
  /** Runs all events up to this instant. */
  run(untilMs: number): Promise<void>;
}

/** mulberry32 */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export const virtualWorld = (seed: number): VirtualWorld => {
  const random = seeded(seed);
  /** Ordered by time; equal ones as they were set. */
  const timers: Timer[] = [];
  let nowMs = 0;

  const set = (atMs: number, fire: () => void): Timer => {
    const timer = { atMs, fire };
    let [low, high] = [0, timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((timers[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
    return timer;
  };

  const pod = (): VirtualPod => {
    // Clocks have different starts.
    const offsetMs = Math.floor(random() * 1e6);
    let alive = true;
    let stoppedUntilMs = 0;
    const lateMs = (): number => (random() < 0.02 ? random() * 40 : random() * 3);
    return {
      isAlive: () => alive,
      stopFor: (ms) => {
        stoppedUntilMs = Math.max(stoppedUntilMs, nowMs + ms);
      },
      kill: () => {
        alive = false;
      },
      clock: {
        now: () => 1_600_000_000_000 + nowMs,
        monotonicMs: () => offsetMs + nowMs,
        after(delayMs, callback) {
          let isCancelled = false;
          const fire = (): void => {
            if (!alive || isCancelled) return;
            if (nowMs < stoppedUntilMs) set(stoppedUntilMs, fire);
            else callback();
          };
          set(nowMs + Math.max(0, delayMs) + lateMs(), fire);
          return () => {
            isCancelled = true;
          };
        },
      },
    };
  };

  return {
    nowMs: () => nowMs,
    random,
    after: (delayMs, callback) => void set(nowMs + delayMs, callback),
    pod,
    async run(untilMs) {
      await settle();
      for (let next = timers[0]; next !== undefined && next.atMs <= untilMs; next = timers[0]) {
        timers.shift();
        nowMs = Math.max(nowMs, next.atMs);
        next.fire();
        await settle();
      }
      nowMs = untilMs;
    },
  };
};

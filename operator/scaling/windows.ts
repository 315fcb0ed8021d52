/**
 * Rates from counters. Every pod counts for itself and says by its own clock when; this adds up what they gained within
 * the last second, three and sixty. A data structure without a clock: time is what the samples say and `nowMs`.
 *
 * Why gains and not sums: pods start at 0, restart at 0 and vanish; a sum of counters would jump, gains don't.
 */
import type { ArrivalRates } from './types.ts';

export interface CounterSample {
  readonly pod: string;
  /** Total since the process began. */
  readonly counter: number;
  /** The pod's own clock at the scrape. */
  readonly sourceAtMs: number;
}

interface Gain {
  /** Receiver's clock: what is compared with `nowMs`, so that pods with a wrong clock land in the right window. */
  readonly atMs: number;
  /** Receiver's clock at the sample before: the gain was made within (fromMs, atMs]. */
  readonly fromMs: number;
  readonly amount: number;
}

interface PodState {
  counter: number;
  sourceAtMs: number;
  seenAtMs: number;
}

const LONGEST_MS = 60_000;
/** A pod that hasn't been seen for this long is gone; its name never comes back. */
const FORGET_MS = 5 * 60_000;

export class RateWindows {
  readonly #pods = new Map<string, PodState>();
  #gains: Gain[] = [];
  #beganAtMs: number | undefined;

  /**
   * Takes one pod's sample; answers whether it is fresh, that is, whether the pod's clock moved on.
   *
   * | pod    | counter              | gain |
   * |--------|----------------------|------|
   * | known  | grew or same         | the difference |
   * | known  | fell (restart)       | the new value: it began at 0 since |
   * | new, started while we watched | any | the value: its first seconds count |
   * | new, with us (first sample of all) | any | none: it may have counted for days |
   */
  add({ pod, counter, sourceAtMs }: CounterSample, nowMs: number): boolean {
    this.#beganAtMs ??= nowMs;
    const known = this.#pods.get(pod);
    if (known !== undefined && sourceAtMs <= known.sourceAtMs && counter >= known.counter) return false;
    if (known === undefined) {
      const startedUnderOurEyes = nowMs > this.#beganAtMs;
      if (startedUnderOurEyes) this.#gain(counter, Math.max(this.#beganAtMs, nowMs - 1_000), nowMs);
    } else {
      this.#gain(counter >= known.counter ? counter - known.counter : counter, known.seenAtMs, nowMs);
    }
    this.#pods.set(pod, { counter, sourceAtMs, seenAtMs: nowMs });
    return true;
  }

  /**
   * Rates at `nowMs`; undefined before there is a second sample of anything. A window longer than the time watched is
   * divided by the time watched: after 10 s, `over60s` is the mean of those 10 s.
   */
  rates(nowMs: number): ArrivalRates | undefined {
    const beganAtMs = this.#beganAtMs;
    if (beganAtMs === undefined || nowMs <= beganAtMs) return undefined;
    this.#gains = this.#gains.filter(({ atMs }) => atMs > nowMs - LONGEST_MS);
    for (const [pod, { seenAtMs }] of this.#pods) if (seenAtMs < nowMs - FORGET_MS) this.#pods.delete(pod);
    const over = (windowMs: number): number => {
      const lengthMs = Math.min(windowMs, nowMs - beganAtMs);
      const fromMs = nowMs - lengthMs;
      const gained = this.#gains.reduce((sum, gain) => sum + withinWindow(gain, fromMs), 0);
      return (gained * 1000) / lengthMs;
    };
    return { over1s: over(1_000), over3s: over(3_000), over60s: over(LONGEST_MS) };
  }

  #gain(amount: number, fromMs: number, atMs: number): void {
    if (amount > 0) this.#gains.push({ amount, fromMs, atMs });
  }
}

/** The part of a gain that lies in the window, as if it had come evenly: 100 gained in 2 s, 1 s of it inside → 50. */
const withinWindow = ({ amount, fromMs, atMs }: Gain, windowFromMs: number): number => {
  if (atMs <= windowFromMs) return 0;
  if (fromMs >= windowFromMs || atMs <= fromMs) return amount;
  return (amount * (atMs - windowFromMs)) / (atMs - fromMs);
};

/**
 * Rates from counters. Every pod counts for itself, with the time of its own clock; this adds up what they gained within
 * the last second, three and sixty. No clock of its own: time is that of the samples and the tick's `atMs`.
 *
 * Gains and not sums: pods start at 0, restart at 0 and vanish; a sum of counters would jump.
 *
 * Two clocks. The samples of one tick count as taken at one instant of the reader's clock, so that spans join without a
 * gap and a pod whose clock is hours off lands in the right window. The pod's own clock tells how long it really counted:
 * 1,300 gained in 1.3 s by its clock are 1,000/s, also when the ticks were 1 s apart.
 */
import type { ArrivalRates } from '../scaling/types.ts';
import { RISE_BLOCK_SECONDS, RISE_BLOCKS, sustainedRise } from './rise.ts';

export interface CounterSample {
  readonly pod: string;
  readonly counter: number;
  /** When the process began, by the pod's own clock: another value is another process. */
  readonly startedAtMs: number;
  readonly sourceAtMs: number;
}

interface Gain {
  /** Made within (fromMs, atMs], reader's clock. */
  readonly fromMs: number;
  readonly atMs: number;
  amount: number;
}

interface PodState {
  readonly startedAtMs: number;
  /** The pod's clock in its last answer, usable or not. */
  readonly sourceAtMs: number;
  /** The tick of that answer. */
  readonly seenAtMs: number;
  /** The next difference is taken to this: the last answer with something new. */
  readonly base: { readonly counter: number; readonly sourceAtMs: number; readonly atMs: number };
}

const LONGEST_MS = 60_000;
/** A shorter interval proves little. */
const SHORTEST_MS = 400;
const RISE_BLOCK_MS = RISE_BLOCK_SECONDS * 1000;
/** A pod that hasn't answered for this long is gone; should it come back, its first sample is a base again. */
const FORGET_MS = 5 * 60_000;
/** Answers of one tick are at most a scrape's deadline apart; a greater difference is a clock that was set. */
const CLOCK_SET_MS = 1_000;

/** What a pod gained by a sample, and within how long. */
interface Step {
  readonly gained: number;
  readonly overMs: number;
  /** Whether it proves its number, a zero included. */
  readonly proven: boolean;
  /** Whether the next difference is taken to it. */
  readonly isBase: boolean;
}

/**
 * | pod   | process             | pod's clock | counter | gained         | proven | base |
 * |-------|---------------------|-------------|---------|----------------|--------|------|
 * | new   | younger than 60 s   | any         | any     | all of it: its first seconds count    | yes | yes |
 * | new   | older               | any         | any     | nothing: it may have counted for days | yes | yes |
 * | known | another             | any         | any     | all of it: a restart counts from 0    | yes | yes |
 * | known | same                | moved on    | same or greater | the difference | yes    | yes  |
 * | known | same                | moved on    | less            | nothing: a counter never falls, the page is wrong | no | no |
 * | known | same                | did not move | greater         | the difference | no     | yes  |
 * | known | same                | did not move | same or less    | nothing: an old page | no | no |
 *
 * A page with nothing new is no base, so that what was counted meanwhile is spread over all that time: after a minute of
 * wrong zeros, 60 s of arrivals do not count as one second's.
 */
const stepOf = (known: PodState | undefined, sample: CounterSample, atMs: number): Step => {
  const ageMs = Math.max(0, sample.sourceAtMs - sample.startedAtMs);
  if (known === undefined) {
    return { gained: ageMs < LONGEST_MS ? sample.counter : 0, overMs: ageMs, proven: true, isBase: true };
  }
  const { base } = known;
  const sinceMs = Math.max(0, atMs - base.atMs);
  if (sample.startedAtMs !== known.startedAtMs) {
    return { gained: sample.counter, overMs: Math.min(ageMs, sinceMs), proven: true, isBase: true };
  }
  const difference = sample.counter - base.counter;
  const movedOn = sample.sourceAtMs > known.sourceAtMs;
  return {
    gained: Math.max(0, difference) * stretch(sinceMs, sample.sourceAtMs - base.sourceAtMs),
    overMs: sinceMs,
    proven: movedOn && difference >= 0,
    isBase: movedOn ? difference >= 0 : difference > 0,
  };
};

/** Tick's length over the pod's own; between a half and twice, so that a short one does not amplify noise. */
const stretch = (tickMs: number, countedMs: number): number =>
  countedMs <= 0 || tickMs <= 0 || Math.abs(tickMs - countedMs) > CLOCK_SET_MS
    ? 1
    : Math.min(2, Math.max(0.5, tickMs / countedMs));

/** Memory: one entry a pod that answered within five minutes, and for a minute one a tick and distinct span. */
export class RateWindows {
  readonly #pods = new Map<string, PodState>();
  #gains: Gain[] = [];
  #beganAtMs: number | undefined;
  #tickAtMs: number | undefined;
  #previousTickAtMs: number | undefined;

  /** @returns whether the sample proves its number, a zero included; one that doesn't may still raise the rates */
  add(sample: CounterSample, atMs: number): boolean {
    this.#beganAtMs = Math.min(this.#beganAtMs ?? atMs, atMs);
    if (atMs !== this.#tickAtMs) [this.#previousTickAtMs, this.#tickAtMs] = [this.#tickAtMs, atMs];
    const known = this.#pods.get(sample.pod);
    const { gained, overMs, proven, isBase } = stepOf(known, sample, atMs);
    this.#gain(gained, atMs - overMs, atMs);
    const { pod, counter, sourceAtMs, startedAtMs } = sample;
    const base = known === undefined || isBase ? { counter, sourceAtMs, atMs } : known.base;
    this.#pods.set(pod, { startedAtMs, sourceAtMs, seenAtMs: atMs, base });
    return proven;
  }

  /**
   * Rates at the tick `atMs`; undefined until a second tick. A window longer than the time watched is divided by the time
   * watched. A pod that vanished counts until its gains leave the window.
   */
  rates(atMs: number): ArrivalRates | undefined {
    const beganAtMs = this.#beganAtMs;
    if (beganAtMs === undefined || atMs <= beganAtMs) return undefined;
    // Gains from the future were made before the reader's clock was set back; kept, they would count for too long.
    this.#gains = this.#gains.filter((gain) => gain.atMs > atMs - LONGEST_MS && gain.atMs <= atMs);
    for (const [pod, { seenAtMs }] of this.#pods) if (seenAtMs < atMs - FORGET_MS) this.#pods.delete(pod);
    const over = (windowMs: number): number => {
      const lengthMs = Math.min(windowMs, atMs - beganAtMs);
      const gained = this.#gains.reduce((sum, gain) => sum + withinWindow(gain, atMs - lengthMs), 0);
      return (gained * 1000) / lengthMs;
    };
    return {
      over1s: over(1_000),
      over3s: over(3_000),
      over60s: over(LONGEST_MS),
      ...this.#newest(atMs),
      risePerSecond: this.#rise(atMs, beganAtMs),
    };
  }

  #newest(atMs: number): Pick<ArrivalRates, 'newest'> {
    const fromMs = this.#previousTickAtMs ?? atMs;
    const seconds = (atMs - fromMs) / 1000;
    if (this.#tickAtMs !== atMs || seconds < SHORTEST_MS / 1000 || seconds >= 1) return {};
    const gained = this.#gains.reduce((sum, gain) => sum + withinWindow(gain, fromMs), 0);
    return { newest: { perSecond: gained / seconds, seconds } };
  }

  /** 0 until enough was watched. */
  #rise(atMs: number, beganAtMs: number): number {
    if (atMs - beganAtMs < RISE_BLOCKS * RISE_BLOCK_MS) return 0;
    const since = (ms: number): number =>
      this.#gains.reduce((sum, gain) => sum + withinWindow(gain, atMs - ms), 0) * (1000 / RISE_BLOCK_MS);
    const edges = Array.from({ length: RISE_BLOCKS + 1 }, (_, index) => since((RISE_BLOCKS - index) * RISE_BLOCK_MS));
    return sustainedRise(edges.slice(1).map((rest, index) => (edges[index] ?? 0) - rest));
  }

  #gain(amount: number, fromMs: number, atMs: number): void {
    if (amount <= 0) return;
    // Most pods of a tick share its span, so this checks the last entry or two.
    for (let index = this.#gains.length - 1; index >= 0; index -= 1) {
      const gain = this.#gains[index];
      if (gain === undefined || gain.atMs !== atMs) break;
      if (gain.fromMs === fromMs) {
        gain.amount += amount;
        return;
      }
    }
    this.#gains.push({ amount, fromMs, atMs });
  }
}

/** The part of a gain that lies in the window, spread evenly: 100 gained in 2 s, 1 s of it inside → 50. */
const withinWindow = ({ amount, fromMs, atMs }: Gain, windowFromMs: number): number => {
  if (atMs <= windowFromMs) return 0;
  if (fromMs >= windowFromMs || atMs <= fromMs) return amount;
  return (amount * (atMs - windowFromMs)) / (atMs - fromMs);
};

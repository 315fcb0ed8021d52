/**
 * Rates from counters: of attempts, and of first attempts, which are attempts less those who were expected to come again.
 * Every pod counts for itself and says by its own clock when; this adds up what they gained within the last second, three
 * and sixty. A data structure without a clock: time is what the samples say and the tick's `atMs`.
 *
 * Gains and not sums: pods start at 0, restart at 0 and vanish; a sum of counters would jump.
 *
 * Returns are taken off the sum of all pods, not pod by pod: who was shed by one comes again to any. Two pods shed 2,900/s,
 * and forty new ones become Ready: of 5,900/s each gets 140/s, and the two expect 1,450/s each. Pod by pod, the forty
 * alone would make 5,600/s first attempts; together they are 3,000/s.
 *
 * Two clocks. The samples of one tick count as taken at one instant of the reader's clock, so that spans join without a
 * gap and a pod whose clock is hours off lands in the right window. The pod's own clock shows how long it really counted:
 * 1,300 gained in 1.3 s by its clock are 1,000/s, also when the ticks were 1 s apart.
 */
import type { ArrivalRates } from '../scaling/types.ts';
import type { Returned } from './awaited-returns.ts';
import { RISE_BLOCK_SECONDS, RISE_BLOCKS, sustainedRise } from './rise.ts';

export interface CounterSample {
  readonly pod: string;
  readonly counter: number;
  /** Of these, how many were expected to come again. Absent: an older pod, of which every attempt counts as a first one. */
  readonly returned?: number;
  /** When the process began, by the pod's own clock: another value is another process. */
  readonly startedAtMs: number;
  readonly sourceAtMs: number;
}

/** Attempts, and how many were expected to come again. */
interface Amounts {
  readonly attempted: number;
  readonly returned: number;
}

interface Gain {
  /** Made within (fromMs, atMs], reader's clock. */
  readonly fromMs: number;
  readonly atMs: number;
  amounts: Amounts;
}

interface PodState {
  readonly startedAtMs: number;
  /** The pod's clock in its last answer, usable or not. */
  readonly sourceAtMs: number;
  /** The tick of that answer. */
  readonly seenAtMs: number;
  /** The next difference is taken to this: the last answer with something new. */
  readonly base: Pick<CounterSample, 'counter' | 'returned' | 'sourceAtMs'> & { readonly atMs: number };
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
  readonly gained: Amounts;
  readonly overMs: number;
  /** Whether it proves its number, a zero included. */
  readonly proven: boolean;
  /** Whether the next difference is taken to it. */
  readonly isBase: boolean;
}

const NOTHING: Amounts = { attempted: 0, returned: 0 };
const first = ({ attempted, returned }: Amounts): number => Math.max(0, attempted - returned);

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
  const all = { attempted: sample.counter, returned: sample.returned ?? 0 };
  if (known === undefined) {
    return { gained: ageMs < LONGEST_MS ? all : NOTHING, overMs: ageMs, proven: true, isBase: true };
  }
  const { base } = known;
  const sinceMs = Math.max(0, atMs - base.atMs);
  if (sample.startedAtMs !== known.startedAtMs) {
    return { gained: all, overMs: Math.min(ageMs, sinceMs), proven: true, isBase: true };
  }
  const difference = sample.counter - base.counter;
  const movedOn = sample.sourceAtMs > known.sourceAtMs;
  const stretched = stretch(sinceMs, sample.sourceAtMs - base.sourceAtMs);
  const isBase = movedOn ? difference >= 0 : difference > 0;
  // What is no base is counted by a later sample; of the attempts it gained none either.
  const returned = isBase && base.returned !== undefined ? Math.max(0, all.returned - base.returned) : 0;
  return {
    gained: { attempted: Math.max(0, difference) * stretched, returned: returned * stretched },
    overMs: sinceMs,
    proven: movedOn && difference >= 0,
    isBase,
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
    const { pod, sourceAtMs, startedAtMs } = sample;
    const { counter, returned } = sample;
    const base =
      known === undefined || isBase
        ? { counter, sourceAtMs, atMs, ...(returned === undefined ? {} : { returned }) }
        : known.base;
    this.#pods.set(pod, { startedAtMs, sourceAtMs, seenAtMs: atMs, base });
    return proven;
  }

  /** So many more were expected to come again than samples show; negative: fewer. */
  expect({ returned, fromMs, toMs }: Returned): void {
    this.#gain({ attempted: 0, returned }, fromMs, toMs);
  }

  /**
   * First attempts at the tick `atMs`; undefined until a second tick. A window longer than the time watched is divided by
   * the time watched. A pod that vanished counts until its gains leave the window.
   */
  rates(atMs: number): ArrivalRates | undefined {
    const beganAtMs = this.#beganAtMs;
    if (beganAtMs === undefined || atMs <= beganAtMs) return undefined;
    this.#forget(atMs);
    const over = (windowMs: number): Amounts => this.#over(windowMs, atMs, beganAtMs);
    const over3s = over(3_000);
    return {
      over1s: first(over(1_000)),
      over3s: first(over3s),
      over60s: first(over(LONGEST_MS)),
      ...this.#newest(atMs),
      risePerSecond: this.#rise(atMs, beganAtMs),
      ...(over3s.returned > 0 ? { returnedPerSecond: over3s.returned } : {}),
    };
  }

  /** All attempts of the last 3 s, per second, those of citizens who came again among them; undefined until a second tick. */
  attemptedPerSecond(atMs: number): number | undefined {
    const beganAtMs = this.#beganAtMs;
    if (beganAtMs === undefined || atMs <= beganAtMs) return undefined;
    this.#forget(atMs);
    return this.#over(3_000, atMs, beganAtMs).attempted;
  }

  #forget(atMs: number): void {
    // Gains from the future were made before the reader's clock was set back; kept, they would count for too long.
    this.#gains = this.#gains.filter((gain) => gain.atMs > atMs - LONGEST_MS && gain.atMs <= atMs);
    for (const [pod, { seenAtMs }] of this.#pods) if (seenAtMs < atMs - FORGET_MS) this.#pods.delete(pod);
  }

  /** Per second. */
  #over(windowMs: number, atMs: number, beganAtMs: number): Amounts {
    const lengthMs = Math.min(windowMs, atMs - beganAtMs);
    return times(this.#since(atMs - lengthMs), 1000 / lengthMs);
  }

  #since(fromMs: number): Amounts {
    let [attempted, returned] = [0, 0];
    for (const gain of this.#gains) {
      const share = shareWithin(gain, fromMs);
      attempted += gain.amounts.attempted * share;
      returned += gain.amounts.returned * share;
    }
    return { attempted, returned };
  }

  #newest(atMs: number): Pick<ArrivalRates, 'newest'> {
    const fromMs = this.#previousTickAtMs ?? atMs;
    const seconds = (atMs - fromMs) / 1000;
    if (this.#tickAtMs !== atMs || seconds < SHORTEST_MS / 1000 || seconds >= 1) return {};
    return { newest: { perSecond: first(this.#since(fromMs)) / seconds, seconds } };
  }

  /** 0 until enough was watched. */
  #rise(atMs: number, beganAtMs: number): number {
    if (atMs - beganAtMs < RISE_BLOCKS * RISE_BLOCK_MS) return 0;
    const edges = Array.from({ length: RISE_BLOCKS + 1 }, (_, index) =>
      times(this.#since(atMs - (RISE_BLOCKS - index) * RISE_BLOCK_MS), 1000 / RISE_BLOCK_MS),
    );
    const blocks = edges.slice(1).map((rest, index) => {
      const { attempted, returned } = edges[index] ?? NOTHING;
      return { attempted: attempted - rest.attempted, returned: returned - rest.returned };
    });
    return sustainedRise(blocks.map(first), Math.max(...blocks.map(({ returned }) => returned)));
  }

  #gain(amounts: Amounts, fromMs: number, atMs: number): void {
    if (amounts.attempted <= 0 && amounts.returned === 0) return;
    // Most pods of a tick share its span, so this checks the last entry or two.
    for (let index = this.#gains.length - 1; index >= 0; index -= 1) {
      const gain = this.#gains[index];
      if (gain === undefined || gain.atMs !== atMs) break;
      if (gain.fromMs === fromMs) {
        const { attempted, returned } = gain.amounts;
        gain.amounts = { attempted: attempted + amounts.attempted, returned: returned + amounts.returned };
        return;
      }
    }
    this.#gains.push({ amounts, fromMs, atMs });
  }
}

/** The part of a gain that lies in the window, spread evenly: 100 gained in 2 s, 1 s of it inside → 0.5. */
const shareWithin = ({ fromMs, atMs }: Gain, windowFromMs: number): number => {
  if (atMs <= windowFromMs) return 0;
  return fromMs >= windowFromMs || atMs <= fromMs ? 1 : (atMs - windowFromMs) / (atMs - fromMs);
};

const times = ({ attempted, returned }: Amounts, by: number): Amounts => ({
  attempted: attempted * by,
  returned: returned * by,
});

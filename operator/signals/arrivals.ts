/** What the intake pods' pages of one tick say of a campaign's arrivals. Pure, beside the counters that it keeps. */
import type { Reading } from '../../contract/reading.ts';
import type { ArrivalRates, DueBack } from '../scaling/types.ts';
import { AwaitedReturns } from './awaited-returns.ts';
import { RateWindows } from './rate-windows.ts';
import { dueBackOf, type ExactSecond, exactSecond } from './recent-second.ts';
import type { IntakeSample } from './scrape.ts';

export interface Arrivals {
  /** First attempts. */
  readonly rates: ArrivalRates;
  /** All attempts of the last 3 s, per second. */
  readonly attemptedPerSecond: number;
  /** Absent: no pod reports it. */
  readonly dueBack?: DueBack;
  /** Of the attempts, those that were sent away. Absent at the first tick. */
  readonly shedPercent?: number;
}

/** Below this rate the share is 0: one shed attempt of one is not a city that is shed. */
const CROWD_PER_SECOND = 1;

/** 300/s of 400/s sent away → 75. */
const percentOf = (sentAway: number, attempted: number): number =>
  attempted < CROWD_PER_SECOND ? 0 : Math.min(100, (100 * sentAway) / attempted);

/**
 * What a part of the pods shows, and no less than `full`. Their first attempts are too few rather than too many: attempts of
 * the missing pods are not seen, and the returns expected of them are taken off (awaited-returns.ts).
 */
export const atLeast = (full: Arrivals, part: Arrivals): Arrivals => {
  const [known, seen] = [full.dueBack, part.dueBack];
  const dueBack =
    known !== undefined && seen !== undefined
      ? {
          citizens: Math.max(known.citizens, seen.citizens),
          perSecond: Math.max(known.perSecond, seen.perSecond),
        }
      : (seen ?? known);
  const returnedPerSecond = Math.max(full.rates.returnedPerSecond ?? 0, part.rates.returnedPerSecond ?? 0);
  const certainPerSecond = Math.max(full.rates.certainPerSecond ?? 0, part.rates.certainPerSecond ?? 0);
  return {
    rates: {
      over1s: Math.max(full.rates.over1s, part.rates.over1s),
      over3s: Math.max(full.rates.over3s, part.rates.over3s),
      over60s: Math.max(full.rates.over60s, part.rates.over60s),
      ...(returnedPerSecond === 0 ? {} : { returnedPerSecond }),
      ...(certainPerSecond === 0 ? {} : { certainPerSecond }),
    },
    attemptedPerSecond: Math.max(full.attemptedPerSecond, part.attemptedPerSecond),
    ...(dueBack === undefined ? {} : { dueBack }),
  };
};

/** The same reading of a part of it. */
export const readingOf = <T, U>(reading: Reading<T>, of: (value: T) => U | undefined): Reading<U> => {
  if (reading.kind === 'absent') return reading;
  const value = of(reading.value);
  return value === undefined ? { kind: 'absent' } : { ...reading, value };
};

const ratesOf = (counted: ArrivalRates | undefined, exact: ExactSecond | undefined): ArrivalRates => {
  const { over1s = 0, returned = 0 } = exact ?? {};
  const windows = counted ?? { over1s, over3s: over1s, over60s: over1s };
  const returnedPerSecond = Math.max(windows.returnedPerSecond ?? 0, returned);
  return {
    ...windows,
    ...(exact === undefined ? {} : { over1s, newest: exact.newest }),
    ...(returnedPerSecond === 0 ? {} : { returnedPerSecond }),
  };
};

/** Deviations below a rate, where it is certain: the greatest of a thousand looks is then about the truth. */
const CERTAIN_DEVIATIONS = 3;
/** Fewer citizens due back than come first in a tenth of a second are no flood. */
const FEW_SECONDS = 0.1;

/**
 * Citizens who give up are expected all the same, so that first attempts fall while the crowd does not: at five times the
 * capacity, where 30 % give up, to a quarter. So while citizens are due back, arrivals are no
 * less than what was certain at any look since, as long as there are as many attempts. 10,000/s in the first second of a
 * flood: 9,700 until no one is due back any more.
 */
class GiveUps {
  #certain = 0;
  #beganAtMs: number | undefined;

  held(rates: ArrivalRates, attemptedPerSecond: number, citizens: number, atMs: number): ArrivalRates {
    this.#beganAtMs ??= atMs;
    // The windows are no longer than the time watched.
    const watched = Math.max(1, (atMs - this.#beganAtMs) / 1000);
    const certain = (rate: number, seconds: number): number =>
      rate - CERTAIN_DEVIATIONS * Math.sqrt((rate + (rates.returnedPerSecond ?? 0)) / Math.min(seconds, watched));
    const now = Math.max(0, certain(rates.over1s, 1), certain(rates.over3s, 3), certain(rates.over60s, 60));
    const isShedding = citizens > FEW_SECONDS * Math.max(this.#certain, now);
    this.#certain = isShedding ? Math.max(this.#certain, now) : now;
    if (!isShedding) return rates;
    const certainPerSecond = Math.min(this.#certain, attemptedPerSecond);
    return { ...rates, over3s: Math.max(rates.over3s, certainPerSecond), certainPerSecond };
  }
}

export class ArrivalCounts {
  readonly #attempts = new RateWindows();
  readonly #sentAway = new RateWindows();
  readonly #awaited = new AwaitedReturns();
  readonly #giveUps = new GiveUps();

  /**
   * The samples of the tick at `atMs`. Counters make the windows; the last second is exact where every pod reports it.
   *
   * | pods that prove their counter | last second                       | at the first tick |
   * |-------------------------------|-----------------------------------|-------------------|
   * | all report tenths             | theirs, by each pod's own clock   | counts for all windows |
   * | one reports none (older)      | difference of two ticks' counters | undefined         |
   *
   * @param ready names of the Ready pods: those whose pages are missing are expected to shed as before
   * @returns the pods that prove their number, and what all of them show
   */
  add(
    samples: readonly IntakeSample[],
    atMs: number,
    ready: ReadonlySet<string>,
  ): { readonly proven: ReadonlySet<string>; readonly seen: Arrivals | undefined } {
    const answered = samples.filter((sample) => this.#attempts.add(sample, atMs));
    for (const returned of this.#awaited.add(answered, atMs, ready)) this.#attempts.expect(returned);
    for (const { sentAway, returned: _returned, ...sample } of samples) {
      this.#sentAway.add({ ...sample, counter: sentAway }, atMs);
    }
    const proven = new Set(answered.map(({ pod }) => pod));
    const counted = this.#attempts.rates(atMs);
    const exact = exactSecond(
      answered.map(({ recent }) => recent),
      { half: this.#awaited.between(atMs - 500, atMs), second: this.#awaited.between(atMs - 1_000, atMs) },
    );
    if (counted === undefined && exact === undefined) return { proven, seen: undefined };
    const attemptedPerSecond = this.#attempts.attemptedPerSecond(atMs) ?? exact?.attempted ?? 0;
    const sentAway = this.#sentAway.attemptedPerSecond(atMs);
    const dueBack = this.#dueBack(answered, atMs);
    return {
      proven,
      seen: {
        rates: this.#giveUps.held(ratesOf(counted, exact), attemptedPerSecond, dueBack?.citizens ?? 0, atMs),
        attemptedPerSecond,
        ...(sentAway === undefined ? {} : { shedPercent: percentOf(sentAway, attemptedPerSecond) }),
        ...(dueBack === undefined ? {} : { dueBack }),
      },
    };
  }

  #dueBack(answered: readonly IntakeSample[], atMs: number): DueBack | undefined {
    const shown = dueBackOf(answered.map(({ recent }) => recent));
    const later = this.#awaited.later(atMs);
    if (shown === undefined && later === 0) return undefined;
    return {
      citizens: (shown?.citizens ?? 0) + later,
      perSecond: (shown?.perSecond ?? 0) + this.#awaited.between(atMs - 1_000, atMs),
    };
  }
}

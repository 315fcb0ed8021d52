/**
 * The time of this process: its own clock while most other clocks agree with it, otherwise theirs. Other clocks are read every half
 * minute. In between, the monotonic clock continues their time, so that a change of our wall clock is noticed at the next call.
 *
 * Worked example: others say 12:00:00 when our monotonic clock says 5,000 ms. Ours is set back by ten minutes at 12:00:20.
 * A call at monotonic 25,500 finds 11:50:20.5 by ours and 12:00:20.5 by theirs, and answers the latter.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { WallClock } from '../../runtime/clock.ts';
import type { ClockSource } from '../../runtime/clock-source.ts';
import { AGREE_MS, type ClockReading, judgeClocks } from '../core/clocks.ts';

export interface AgreedClock extends WallClock {
  /** Whether most clocks agree with `now()`, and the machine has not slept since they were read. */
  isAgreed(): boolean;
  /** For people: why this pod should get no traffic because of its clock. Undefined: it may. */
  problem(): string | undefined;
  /** How far each clock is ahead of the agreed time; ours is `own`. Empty without an agreement. */
  offsets(): readonly { readonly clock: string; readonly aheadSeconds: number }[];
  /** Resolves when the other clocks were read once, with or without success. */
  readonly first: Promise<void>;
}

export interface AgreedClockOptions {
  readonly own: WallClock;
  readonly monotonicMs: () => number;
  readonly sources: readonly ClockSource[];
  readonly onError: (error: unknown) => void;
}

const EVERY_MS = 30_000;
/** While our clock is off, or the clocks do not agree. */
const SOON_MS = 2_000;
/** A slower answer is too inexact. */
const ANSWER_WITHIN_MS = 1_000;
/** Older readings do not count: the clock may have changed since. */
const KEPT_MS = 5 * 60_000;
const BACK_MS = 1_500;
/** Beyond UNFIT_MS a pod gets no traffic; it returns below FIT_MS, so that it does not flap. */
const UNFIT_MS = 5_000;
const FIT_MS = 4_000;

interface Known extends Pick<ClockReading, 'mayBeShared'> {
  /** The other clock minus our monotonic one. */
  readonly baseMs: number;
  /** Ours minus our monotonic one at that time. */
  readonly ownBaseMs: number;
  readonly tookMs: number;
  readonly readAtMs: number;
}

export const createAgreedClock = (options: AgreedClockOptions, signal: AbortSignal): AgreedClock => {
  const { own, monotonicMs, sources, onError } = options;
  const known = new Map<string, Known>();
  /** The agreed time minus our monotonic clock; undefined without an agreement. */
  let agreedBaseMs: number | undefined;
  let isUnfit = false;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let wake = new AbortController();
  const first = Promise.withResolvers<void>();

  const ownBaseNowMs = (): number => own.now() - monotonicMs();
  /**
   * Our wall clock and our monotonic clock differ more than when another clock was read. Either ours was set, or the machine slept,
   * and the readings are too old. Only new readings show which.
   */
  const isDoubted = (): boolean => {
    const nowMs = ownBaseNowMs();
    for (const { ownBaseMs } of known.values()) if (Math.abs(nowMs - ownBaseMs) > AGREE_MS) return true;
    return false;
  };

  const readOne = async (source: ClockSource): Promise<readonly [string, Known]> => {
    const sentAtMs = monotonicMs();
    const ownBaseMs = ownBaseNowMs();
    const {
      clock,
      atMs,
      mayBeShared = false,
    } = await source.read(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]));
    const readAtMs = monotonicMs();
    const tookMs = readAtMs - sentAtMs;
    if (tookMs > ANSWER_WITHIN_MS) throw new Error(`${clock} gave its time too late to be exact`);
    return [clock, { baseMs: atMs - (sentAtMs + readAtMs) / 2, ownBaseMs, tookMs, readAtMs, mayBeShared }];
  };

  const readAll = async (): Promise<void> => {
    askedAtMs = monotonicMs();
    const answers = await Promise.allSettled(sources.map(readOne));
    const nowMs = monotonicMs();
    for (const [clock, { readAtMs }] of known) if (nowMs - readAtMs > KEPT_MS) known.delete(clock);
    const read = new Map<string, Known>();
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      // One server may answer for several shards: its quickest answer is the most exact one.
      const [clock, one] = answer.value;
      const other = read.get(clock);
      if (other === undefined || one.tookMs < other.tookMs) read.set(clock, one);
    }
    for (const [clock, one] of read) known.set(clock, one);
    // Single sources may fail, and a consumer may not exist yet; only the failure of all is reported.
    if (read.size === 0) onError(answers.find((answer) => answer.status === 'rejected')?.reason);
    const ownBaseMs = ownBaseNowMs();
    const readings = [...known].map(
      ([clock, { baseMs, mayBeShared = false }]): ClockReading => ({ clock, aheadMs: baseMs - ownBaseMs, mayBeShared }),
    );
    const verdict = judgeClocks(readings);
    agreedBaseMs = verdict.kind === 'unsure' ? undefined : ownBaseMs + verdict.aheadMs;
  };

  /** Ours minus the agreed time. */
  const ownAheadMs = (): number | undefined =>
    agreedBaseMs === undefined ? undefined : own.now() - (agreedBaseMs + monotonicMs());
  const isOff = (): boolean => Math.abs(ownAheadMs() ?? 0) > AGREE_MS;

  void (async () => {
    while (!signal.aborted) {
      await readAll().catch(onError);
      first.resolve();
      wake = new AbortController();
      // With jitter, so that pods that started together don't always ask together.
      const inMs =
        isOff() || agreedBaseMs === undefined || isDoubted() ? SOON_MS : EVERY_MS * (0.9 + 0.2 * Math.random());
      await delay(inMs, undefined, { signal: AbortSignal.any([signal, wake.signal]), ref: false }).catch(
        () => undefined,
      );
    }
    first.resolve();
  })();

  let wasOff = false;
  /** Whether the agreed time is used in place of ours. The bound is lower on the way back, so that answers do not flap. */
  const isCorrected = (aheadMs: number): boolean => {
    const isNowOff = Math.abs(aheadMs) > (wasOff ? BACK_MS : AGREE_MS);
    // Ours was set, or the machine slept: new readings show which.
    if (isNowOff && !wasOff && monotonicMs() - askedAtMs >= SOON_MS) wake.abort();
    wasOff = isNowOff;
    return isNowOff;
  };

  return {
    now() {
      const ownMs = own.now();
      if (agreedBaseMs === undefined) return ownMs;
      const agreedMs = agreedBaseMs + monotonicMs();
      return isCorrected(ownMs - agreedMs) ? Math.round(agreedMs) : ownMs;
    },
    isAgreed: () => agreedBaseMs !== undefined && !isDoubted(),
    problem() {
      const aheadMs = ownAheadMs();
      isUnfit = aheadMs !== undefined && Math.abs(aheadMs) > (isUnfit ? FIT_MS : UNFIT_MS);
      if (!isUnfit || aheadMs === undefined) return undefined;
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      return `the clock of this node is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} those of the journal: synchronise it by NTP`;
    },
    offsets() {
      const base = agreedBaseMs;
      const aheadMs = ownAheadMs();
      if (base === undefined || aheadMs === undefined) return [];
      return [
        { clock: 'own', aheadSeconds: aheadMs / 1000 },
        ...[...known].map(([clock, { baseMs }]) => ({ clock, aheadSeconds: (baseMs - base) / 1000 })),
      ];
    },
    first: first.promise,
  };
};

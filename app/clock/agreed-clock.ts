/**
 * The time that this process goes by: its own clock while most others agree with it, else theirs. Others are asked every
 * half minute; in between the monotonic clock carries their time on, so that our own wall clock can be set to
 * whatever somebody likes, and the next call already knows better.
 *
 * Worked example: others say 12:00:00 when our monotonic clock says 5,000 ms. Ours is set back by ten minutes at 12:00:20.
 * A call at monotonic 25,500 finds 11:50:20.5 by ours and 12:00:20.5 by theirs, and answers the latter.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { WallClock } from '../../runtime/clock.ts';
import type { ClockSource } from '../../runtime/clock-source.ts';
import { AGREE_MS, type ClockReading, judgeClocks } from '../core/clocks.ts';

export interface AgreedClock extends WallClock {
  /** Whether `now()` is what most clocks say, and not only ours, nor what they said before this machine slept. */
  isAgreed(): boolean;
  /** Whether our own is so wrong that citizens had better be served by others; what is wrong, for people. */
  problem(): string | undefined;
  /** Seconds that each clock is ahead of the agreed time; ours is `own`. Empty without an agreement. */
  offsets(): readonly { readonly clock: string; readonly aheadSeconds: number }[];
  /** Resolves when the others were asked once, answered or not. */
  readonly first: Promise<void>;
}

export interface AgreedClockOptions {
  readonly own: WallClock;
  readonly monotonicMs: () => number;
  readonly sources: readonly ClockSource[];
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;
/** While something is not as it should be. */
const SOON_MS = 2_000;
/** An answer that took longer says too little about when it was made. */
const ANSWER_WITHIN_MS = 1_000;
/** What was read so long ago counts no more: a clock that nobody reads may have been mended, or broken. */
const KEPT_MS = 5 * 60_000;
const BACK_MS = 1_500;
/** Beyond this a pod takes no traffic; it comes back a second nearer, so that it does not swing. */
const UNFIT_MS = 5_000;
const FIT_MS = 4_000;

interface Known extends Pick<ClockReading, 'mayBeShared'> {
  /** The other clock minus our monotonic one. */
  readonly baseMs: number;
  /** Ours minus our monotonic one, when it was asked. */
  readonly ownBaseMs: number;
  readonly tookMs: number;
  readonly readAtMs: number;
}

export const createAgreedClock = (options: AgreedClockOptions, signal: AbortSignal): AgreedClock => {
  const { own, monotonicMs, sources, onError, everyMs = EVERY_MS } = options;
  const known = new Map<string, Known>();
  /** The agreed time minus our monotonic clock; undefined without an agreement. */
  let agreedBaseMs: number | undefined;
  let isUnfit = false;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let wake = new AbortController();
  const first = Promise.withResolvers<void>();

  const ownBaseNowMs = (): number => own.now() - monotonicMs();
  /**
   * Our two clocks have parted since another one was read. Either ours was set, or the machine slept, and the monotonic clock with it:
   * then what was read is old by that much. Only a new answer of each of them tells which.
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
    if (tookMs > ANSWER_WITHIN_MS) throw new Error(`${clock} told its time too late to be believed`);
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
      // One server may answer for several shards: its quickest answer is its most exact one.
      const [clock, one] = answer.value;
      const other = read.get(clock);
      if (other === undefined || one.tookMs < other.tookMs) read.set(clock, one);
    }
    for (const [clock, one] of read) known.set(clock, one);
    // Each of them may be away, and a consumer not made yet; what counts is that others are there.
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
      // Spread, so that pods that started together don't ask together for ever.
      const inMs =
        isOff() || agreedBaseMs === undefined || isDoubted() ? SOON_MS : everyMs * (0.9 + 0.2 * Math.random());
      await delay(inMs, undefined, { signal: AbortSignal.any([signal, wake.signal]), ref: false }).catch(
        () => undefined,
      );
    }
    first.resolve();
  })();

  let wasOff = false;
  /** Whether ours is not gone by. One that was off must come nearer, or answers would jump to and fro at the bound. */
  const isCorrected = (aheadMs: number): boolean => {
    const isNowOff = Math.abs(aheadMs) > (wasOff ? BACK_MS : AGREE_MS);
    // Ours was set, or the machine slept: whichever it is, the others know.
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
      return `the clock of this node is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} those of the journal: set it, by NTP`;
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

/** At what pace the outside systems take requests, and when what waits will be done. Pure. */
import { USED_OF_RATE } from '../../contract/outside/outside.ts';
import { datesIn, nextDateMs } from '../../runtime/zone-dates.ts';
import type { Standing } from './hand-out.ts';
import type { OutsideTarget } from './targets.ts';

/** What counts of a system here. A target alone is one that can be asked. */
export type Pacing = OutsideTarget & Partial<Pick<Standing, 'state' | 'resumesAtMs' | 'leftToday'>>;

export interface Outlook {
  /** Requests per second that they take now. 0: none can be asked. */
  readonly perSecond: number;
  /** Absent: unknown, or later than in 60 days. */
  readonly doneAtMs?: number;
  /** None can be asked before. Absent: one can be, or that is unknown. */
  readonly resumesAtMs?: number;
}

const MOST_DAYS = 60;
const DAY_MS = 86_400_000;

interface Running {
  readonly target: Pacing;
  /** Requests left on its present day. */
  left: number;
  /** When it has all of its requests again; infinite without a quota. */
  refillsAtMs: number;
}

const canBeAsked = ({ state = 'asked' }: Pacing): boolean => state === 'asked';

/** Those of the lowest order that have requests left; the next ones are asked only when none of these can be. */
const activeOf = (running: readonly Running[]): readonly Running[] => {
  const able = running.filter(({ left }) => left >= 1);
  const order = Math.min(...able.map(({ target }) => target.order));
  return able.filter(({ target }) => target.order === order);
};

const rateOf = (active: readonly Running[]): number =>
  active.reduce((sum, { target }) => sum + target.requestsPerSecond, 0);

/** Requests per second that reach it at most. */
const usedOf = ({ requestsPerSecond }: Pacing): number => requestsPerSecond * USED_OF_RATE;

/** A system that is stopped does not come back by itself; one whose quota is used up has all of it again on its next day. */
const runningOf = (targets: readonly Pacing[], nowMs: number): readonly Running[] =>
  targets
    .filter((target) => canBeAsked(target) || target.state === 'quota')
    .map((target) => ({
      target,
      left: target.state === 'quota' ? 0 : (target.leftToday ?? target.requestsPerDay ?? Number.POSITIVE_INFINITY),
      refillsAtMs:
        target.requestsPerDay === undefined && target.state !== 'quota'
          ? Number.POSITIVE_INFINITY
          : nextDateMs(datesIn(target.timeZone), nowMs),
    }));

/** Requests per second that the systems take now. 100/s, and 50/s of the same order: 150/s. */
export const outsideRate = (targets: readonly Pacing[]): number => rateOf(activeOf(runningOf(targets, 0)));

/**
 * 3,013,200 wait at 100/s, of which 93 % are used: done in 9 h. With 1,000,000 a day from 10:00 on: 2 h 59 min today and on each of
 * the next two days, and the rest on the fourth.
 */
export const outlookOf = (targets: readonly Pacing[], waiting: number, nowMs: number): Outlook => {
  const running = runningOf(targets, nowMs).map((one) => ({ ...one }));
  const perSecond = rateOf(activeOf(running));
  const refills = running.map(({ refillsAtMs }) => refillsAtMs).filter(Number.isFinite);
  const resumes = perSecond === 0 && refills.length > 0 ? { resumesAtMs: Math.min(...refills) } : {};
  let [leftWaiting, atMs] = [waiting, nowMs];
  while (atMs < nowMs + MOST_DAYS * DAY_MS) {
    if (leftWaiting <= 0) return { perSecond, doneAtMs: atMs, ...resumes };
    const active = activeOf(running);
    const rate = rateOf(active);
    const ends = [
      ...(rate === 0 ? [] : [(leftWaiting / (rate * USED_OF_RATE)) * 1000]),
      ...active.map(({ left, target }) => (left / usedOf(target)) * 1000),
      ...running.map(({ refillsAtMs }) => refillsAtMs - atMs),
    ].filter(Number.isFinite);
    if (ends.length === 0) break;
    // At least a millisecond, so that rounding never stands still.
    const stepMs = Math.max(1, Math.min(...ends));
    leftWaiting -= (rate * USED_OF_RATE * stepMs) / 1000;
    for (const one of active) one.left = Math.max(0, one.left - (usedOf(one.target) * stepMs) / 1000);
    atMs += stepMs;
    for (const one of running) {
      if (one.refillsAtMs > atMs) continue;
      one.left = one.target.requestsPerDay ?? Number.POSITIVE_INFINITY;
      one.refillsAtMs =
        one.target.requestsPerDay === undefined
          ? Number.POSITIVE_INFINITY
          : nextDateMs(datesIn(one.target.timeZone), atMs);
    }
  }
  return { perSecond, ...resumes };
};

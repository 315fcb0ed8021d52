/** The crowd in the waiting room: how many wait, how many do not come when it is their turn, and how the journal keeps up. Pure. */
import { type QueuePace, servingAt } from '../../contract/queue.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { QueueTotals } from './queue-counts.ts';

/** What one process remembers between two ticks. A new leader begins with none, and learns again. */
export interface Crowd {
  readonly atMs: number;
  readonly tickets: number;
  readonly turns: number;
  /** Citizens with a ticket whose turn has not come. */
  readonly citizens: number;
  /** Numbers between the turn of now and the last number. */
  readonly ahead: number;
  /** Numbers to serve for one citizen who comes: 1 to MOST_UNUSED. */
  readonly correction: number;
  /** Share of the admission rate that the journal keeps up with: LEAST_SHARE to 1. */
  readonly share: number;
  /** Tickets whose turn has passed, at the last looks; and those and the turns of the last minutes, the older the less. */
  readonly looks: readonly { readonly atMs: number; readonly passed: number }[];
  readonly passed: number;
  readonly taken: number;
}

export interface WaitingRoom {
  readonly crowd: Crowd;
  /** Numbers a second, as last known to be written. */
  readonly ratePerSecond: number;
}

/** More would let a crowd in at once, should all come again. */
const MOST_UNUSED = 4;
/** How fast what was seen of unused places is forgotten. */
const REMEMBERED_SECONDS = 120;
/** It begins with so many seconds of numbers that were all used. */
const BELIEVED_SECONDS = 20;
/** A page asks every 5 s when its turn is near; whose turn passed within this time may still come. */
const COMES_WITHIN_MS = 10_000;
/** Accepted registrations are acknowledged in some 10 ms; the bound of an admitted registration's p99 is 500 ms. */
const SLOW_ANSWER_SECONDS = 0.25;
/** Per second: as the law's downstream rule (scaling/downstream.ts), but it returns sooner, because it reacts sooner. */
const REDUCED = 0.9;
const RESTORED = 1.02;
const LEAST_SHARE = 0.1;

const between = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));

/**
 * Tickets less turns, and never more than the numbers that are still to come: who gave up is in the first, and not in the second.
 *
 * 5,000 wait, the turn is at 2,000 of 6,800; 300 tickets and 150 turns later it is at 2,200 of 7,100: 4,900.
 */
const citizensOf = (before: Crowd | undefined, { tickets, turns }: QueueTotals, ahead: number): number =>
  before === undefined
    ? ahead
    : between(0, before.citizens + (tickets - before.tickets) - (turns - before.turns), ahead);

/** Less when registrations wait for their acknowledgement, more again when they do not. */
const shareOf = (before: number, answerSeconds: number | undefined, seconds: number): number => {
  const isSlow = answerSeconds !== undefined && answerSeconds > SLOW_ANSWER_SECONDS;
  return between(LEAST_SHARE, before * (isSlow ? REDUCED : RESTORED) ** seconds, 1);
};

/**
 * Tickets whose turn passed over turns that were taken. At 1,000/s half of the holders come: after some minutes 1.85, so that
 * 1,850 numbers a second bring 925 citizens. Nothing is learned while no one is served.
 */
const learnUnused = (before: Crowd, totals: QueueTotals, ahead: number, ratePerSecond: number, nowMs: number) => {
  const looks = [...before.looks, { atMs: nowMs, passed: totals.tickets - ahead }];
  const due = looks.findLastIndex(({ atMs }) => atMs <= nowMs - COMES_WITHIN_MS);
  const kept = looks.slice(Math.max(0, due));
  if (ratePerSecond === 0) return { ...before, looks: [] };
  const [first, second] = kept;
  const overdue =
    due < 0 || first === undefined || second === undefined ? 0 : Math.max(0, second.passed - first.passed);
  const faded = Math.exp(-(nowMs - before.atMs) / 1000 / REMEMBERED_SECONDS);
  const passed = before.passed * faded + overdue;
  const taken = before.taken * faded + Math.max(0, totals.turns - before.turns);
  const believed = BELIEVED_SECONDS * ratePerSecond;
  return { looks: kept, passed, taken, correction: between(1, (passed + believed) / (taken + believed), MOST_UNUSED) };
};

/** What this tick's counters show. A tick that is decided twice counts once. */
export const crowdAt = (
  before: Crowd | undefined,
  totals: QueueTotals,
  pace: QueuePace | undefined,
  nowMs: number,
): Crowd => {
  if (before !== undefined && nowMs <= before.atMs) return before;
  const serving = pace === undefined ? 0 : servingAt(pace, nowMs);
  const ahead = Math.max(0, totals.highest - serving);
  const { tickets, turns, answerSeconds } = totals;
  const citizens = citizensOf(before, totals, ahead);
  const now = { atMs: nowMs, tickets, turns, citizens, ahead };
  if (before === undefined) return { ...now, correction: 1, share: 1, looks: [], passed: 0, taken: 0 };
  const share = shareOf(before.share, answerSeconds, (nowMs - before.atMs) / 1000);
  const { looks, passed, taken, correction } = learnUnused(before, totals, ahead, pace?.ratePerSecond ?? 0, nowMs);
  return { ...now, share, looks, passed, taken, correction };
};

/**
 * The law's citizens who are due back: those who were asked to come again within seconds, and those in the waiting room. So a queue
 * hides no demand. Their turns are no first attempts, because pods expect them (contract/queue.ts).
 */
export const withCrowd = (readings: CampaignReadings, crowd: Crowd | undefined, nowMs: number): CampaignReadings => {
  if (crowd === undefined || crowd.citizens === 0) return readings;
  const { dueBack } = readings;
  if (dueBack === undefined || dueBack.kind === 'absent') {
    return { ...readings, dueBack: { kind: 'fresh', value: { citizens: crowd.citizens, perSecond: 0 }, atMs: nowMs } };
  }
  const { citizens, perSecond } = dueBack.value;
  return { ...readings, dueBack: { ...dueBack, value: { citizens: citizens + crowd.citizens, perSecond } } };
};

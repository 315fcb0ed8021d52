/** The crowd in the waiting room: how many wait, how many do not come when it is their turn, and how the journal keeps up. Pure. */
import { type QueuePace, servingAt } from '../../contract/crowd/queue.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { QueueTotals } from './queue-counts.ts';

/** What one process remembers between two ticks. A new leader begins with none, and learns again. */
export interface Crowd {
  readonly atMs: number;
  readonly tickets: number;
  readonly turns: number;
  readonly accepted: number;
  /** Citizens with a ticket who have not come; without those who gave up. */
  readonly citizens: number;
  /** Numbers between the turn of now and the last number. */
  readonly ahead: number;
  /** Numbers to serve for one citizen who comes: 1 to MOST_UNUSED. */
  readonly correction: number;
  /** Share of the admission rate that the journal keeps up with: LEAST_SHARE to 1. */
  readonly share: number;
  /** Tickets whose turn had passed, at the looks of the last seconds; and those and the turns of the last minutes, the older the less. */
  readonly looks: readonly { readonly atMs: number; readonly passed: number }[];
  readonly passed: number;
  readonly taken: number;
  /** Tickets whose turn passed while no registration was accepted, as in an outage: their holders come when it is over. */
  readonly overdue: number;
}

/**
 * What this process knows of the waiting room. `unknown`: not read yet. `none`: there is no pace, or it can't be written, so pods
 * must not give tickets: no one would be served.
 */
export type WaitingRoom =
  | { readonly kind: 'unknown' | 'none' }
  | {
      readonly kind: 'paced';
      /** Absent: no pod has reported a ticket yet. */
      readonly crowd: Crowd | undefined;
      /** Numbers a second, as last known to be written. */
      readonly ratePerSecond: number;
    };

export const crowdIn = (room: WaitingRoom | undefined): Crowd | undefined =>
  room?.kind === 'paced' ? room.crowd : undefined;

/** More would let a crowd in at once, should all come again. */
const MOST_UNUSED = 4;
/** How fast what was seen of unused places is forgotten. */
const REMEMBERED_SECONDS = 120;
/** It begins with so many seconds of numbers that were all used. */
const BELIEVED_SECONDS = 20;
/** Who does not come within some minutes after an outage has given up. */
const OVERDUE_SECONDS = 60;
/** A page asks every 5 s when its turn is near; whose turn passed within this time may still come. */
const COMES_WITHIN_MS = 10_000;
/** Registrations are acknowledged in some 10 ms; the bound of an admitted registration's p99 is 500 ms. */
const SLOW_ANSWER_SECONDS = 0.25;
/** Per second: as the law's downstream rule (scaling/downstream.ts), but it returns sooner, because it reacts sooner. */
const REDUCED = 0.9;
const RESTORED = 1.02;
const LEAST_SHARE = 0.1;

const between = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));

/**
 * Tickets less turns, and less those who gave up.
 *
 * 5,000 wait; a second later there are 300 tickets and 150 turns more: 5,150. Of 6,800 tickets the turn of 2,000 had passed 10 s ago: at
 * most 4,800.
 *
 * @param settled tickets whose holders have come or given up
 */
const citizensOf = (before: Crowd, { tickets, turns }: QueueTotals, settled: number): number => {
  const counted = before.citizens + (tickets - before.tickets) - (turns - before.turns);
  return between(0, counted, Math.max(0, tickets - settled));
};

/** Less when registrations wait for their acknowledgement, more again when they do not. */
const shareOf = (before: number, answerSeconds: number | undefined, seconds: number): number => {
  const isSlow = answerSeconds !== undefined && answerSeconds > SLOW_ANSWER_SECONDS;
  return between(LEAST_SHARE, before * (isSlow ? REDUCED : RESTORED) ** seconds, 1);
};

/** What happened since the last look. */
interface Since {
  readonly seconds: number;
  readonly accepted: number;
  readonly turns: number;
  /** Tickets whose turn has passed; and those whose holders could have come by now. */
  readonly passed: number;
  readonly couldHaveCome: number;
}

/**
 * Tickets whose turn passed over turns that were taken. At 1,000/s half of the holders come: after some minutes 1.85, so that
 * 1,850 numbers a second bring 925 citizens. Nothing is learned while no one is served: in an outage of a minute no one has given up.
 */
const learnUnused = (before: Crowd, { seconds, turns, couldHaveCome }: Since, ratePerSecond: number) => {
  const faded = Math.exp(-seconds / REMEMBERED_SECONDS);
  const passed = before.passed * faded + couldHaveCome;
  const taken = before.taken * faded + turns;
  const believed = BELIEVED_SECONDS * ratePerSecond;
  return { passed, taken, correction: between(1, (passed + believed) / (taken + believed), MOST_UNUSED) };
};

const overdueOf = (before: Crowd, { seconds, accepted, turns, passed }: Since): number =>
  accepted === 0 ? before.overdue + passed : Math.max(0, before.overdue * Math.exp(-seconds / OVERDUE_SECONDS) - turns);

/** What this tick's counters show. A tick that is decided twice counts once. */
export const crowdAt = (before: Crowd | undefined, totals: QueueTotals, pace: QueuePace, nowMs: number): Crowd => {
  if (before !== undefined && nowMs <= before.atMs) return before;
  const { tickets, turns, accepted, highest, answerSeconds } = totals;
  const ahead = Math.max(0, highest - servingAt(pace, nowMs));
  const look = { atMs: nowMs, passed: tickets - ahead };
  const now = { atMs: nowMs, tickets, turns, accepted, ahead };
  if (before === undefined) {
    return { ...now, citizens: ahead, correction: 1, share: 1, looks: [look], passed: 0, taken: 0, overdue: 0 };
  }
  const looks = [...before.looks, look];
  const due = Math.max(
    0,
    looks.findLastIndex(({ atMs }) => atMs <= nowMs - COMES_WITHIN_MS),
  );
  const passedBefore = looks[due]?.passed ?? 0;
  const since: Since = {
    seconds: (nowMs - before.atMs) / 1000,
    accepted: accepted - before.accepted,
    turns: Math.max(0, turns - before.turns),
    passed: Math.max(0, look.passed - (before.looks.at(-1)?.passed ?? look.passed)),
    couldHaveCome: Math.max(0, passedBefore - (before.looks[0]?.passed ?? passedBefore)),
  };
  const isServed = pace.ratePerSecond > 0 && since.accepted > 0;
  const overdue = overdueOf(before, since);
  const settled = (isServed ? passedBefore : look.passed) - overdue;
  return {
    ...before,
    ...now,
    citizens: citizensOf(before, totals, settled),
    share: shareOf(before.share, answerSeconds, since.seconds),
    looks: isServed ? looks.slice(due) : [look],
    overdue,
    ...(isServed ? learnUnused(before, since, pace.ratePerSecond) : {}),
  };
};

/**
 * The law's citizens who are due back: those who were asked to come again within seconds, and those in the waiting room. So a queue
 * hides no demand. Their turns are no first attempts, because pods expect them (contract/crowd/queue.ts).
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

/** Up at once, down gently: what keeps a lull in the flood from costing the next wave its pods. Pure. */
import type { TierLimits, TierMemory } from './types.ts';

const SLOT_MS = 10_000;
const STEP_EVERY_MS = 60_000;
/**
 * Room that stays above the down window's demand when replicas go. Without it, 60 s of chance more than a pod's edge turn
 * replicas around: 3 % did so in 8 of 140 simulated half hours of steady noise, 10 % in none.
 */
const ROOM = 1.1;

type Recent = TierMemory['recentWanted'];

/** What is kept of one tick: the load with its room, never less than floor and minimum, in hundredths of a replica. */
export const wantedWithRoom = (load: number, { scheduleFloor, min }: TierLimits): number =>
  Math.max(Math.ceil(load * ROOM * 100) / 100, scheduleFloor, min);

/** Adds this tick's demand to its slot and drops slots that left the down window. At most that window / 10 s + 2 slots. */
export const remember = (recent: Recent, wanted: number, windowSeconds: number, nowMs: number): Recent => {
  const slotStartMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
  const last = recent.at(-1);
  const oldestMs = nowMs - windowSeconds * 1000 - SLOT_MS;
  // Nine seconds of ten change nothing, and eight days have a million of them.
  const isKnown = last?.slotStartMs === slotStartMs && last.wanted >= wanted;
  if (isKnown && recent.every((slot) => slot.slotStartMs > oldestMs && slot.slotStartMs <= slotStartMs)) return recent;
  // A slot from the future was written by a clock that ran ahead; kept, it would hold the tier up for ever.
  const inWindow = recent.filter((slot) => slot.slotStartMs > oldestMs && slot.slotStartMs < slotStartMs);
  const sameSlot = recent.find((slot) => slot.slotStartMs === slotStartMs);
  return [...inWindow, { slotStartMs, wanted: Math.max(wanted, sameSlot?.wanted ?? 0) }];
};

/** Whole replicas that the down window's demand keeps. */
export const highestWanted = (recent: Recent): number =>
  Math.ceil(recent.reduce((most, { wanted }) => Math.max(most, wanted), 0));

export interface DownStep {
  readonly replicas: number;
  readonly lastDownMs: number;
  readonly lastDownFrom: number;
}

/**
 * At most percentPerMinute of the replicas, at least one, within any 60 s. Decreases less than a minute apart share one
 * allowance, counted from where the first began: at 10 %, 40 → 39 at second 0, 36 at 59, and no less before 119. A tick
 * decided twice, or whose write was refused, gives the same number again.
 */
export const stepDown = (
  replicas: number,
  target: number,
  { percentPerMinute }: TierLimits['down'],
  { lastDownMs, lastDownFrom }: Pick<TierMemory, 'lastDownMs' | 'lastDownFrom'>,
  nowMs: number,
): DownStep => {
  const isShared =
    lastDownMs !== undefined && lastDownFrom !== undefined && Math.abs(nowMs - lastDownMs) < STEP_EVERY_MS;
  const from = isShared ? Math.max(lastDownFrom, replicas) : replicas;
  const floor = from - Math.max(1, Math.floor((from * percentPerMinute) / 100));
  const next = Math.min(replicas, Math.max(target, floor));
  return { replicas: next, lastDownMs: isShared && next === replicas ? lastDownMs : nowMs, lastDownFrom: from };
};

/** Up at once, down gently: what keeps a lull in the flood from costing the next wave its pods. Pure. */
import type { TierLimits, TierMemory } from './types.ts';

const SLOT_MS = 10_000;
const STEP_EVERY_MS = 60_000;

type Recent = TierMemory['recentWanted'];

/** Adds this tick's demand to its slot and drops slots that left the window. At most window / 10 s + 1 slots. */
export const remember = (recent: Recent, wanted: number, windowSeconds: number, nowMs: number): Recent => {
  const slotStartMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
  // A slot from the future was written by a clock that ran ahead; kept, it would hold the tier up for ever.
  const inWindow = recent.filter(
    (slot) => slot.slotStartMs > nowMs - windowSeconds * 1000 - SLOT_MS && slot.slotStartMs < slotStartMs,
  );
  const sameSlot = recent.find((slot) => slot.slotStartMs === slotStartMs);
  return [...inWindow, { slotStartMs, wanted: Math.max(wanted, sameSlot?.wanted ?? 0) }];
};

export const highestWanted = (recent: Recent): number => recent.reduce((most, { wanted }) => Math.max(most, wanted), 0);

export interface DownStep {
  readonly replicas: number;
  readonly lastDownMs: number;
  readonly lastDownFrom: number;
}

/**
 * At most percentPerMinute of the replicas, at least one, in any 60 s. The size at the step's beginning is remembered, so
 * the same tick decided twice gives the same number: from 40 at 10 %, a minute's floor is 36 however often it is asked.
 */
export const stepDown = (
  replicas: number,
  target: number,
  { percentPerMinute }: TierLimits['down'],
  memory: TierMemory,
  nowMs: number,
): DownStep => {
  const { lastDownMs, lastDownFrom } = memory;
  const isSameMinute = lastDownMs !== undefined && lastDownFrom !== undefined && nowMs - lastDownMs < STEP_EVERY_MS;
  const from = isSameMinute ? Math.max(lastDownFrom, replicas) : replicas;
  const floor = from - Math.max(1, Math.floor((from * percentPerMinute) / 100));
  return {
    replicas: Math.min(replicas, Math.max(target, floor)),
    lastDownMs: isSameMinute ? lastDownMs : nowMs,
    lastDownFrom: from,
  };
};

/** Up at once, down to what insures against the next rise. Pure. */
import { type Pace, predict } from './forecast.ts';
import type { ArrivalRates, TierLimits, TierMemory } from './types.ts';

const STEP_EVERY_MS = 60_000;
/**
 * Room that stays above the demand when replicas go. Without it, 60 s of chance more than a pod's edge turn replicas
 * around: 3 % did so in 8 of 140 simulated half hours of steady noise, 10 % in none.
 */
const ROOM = 1.1;
/** Share of the down window in which the demand itself must have been lower; the rest of it counts rises only. */
const STEADY_SHARE = 0.2;
/** Each fall that was a mistake makes the window so many times as long for an hour, up to the longest. */
const MISTAKE_FACTOR = 4;
const MISTAKE_WITHIN = 2;
const MISTAKES_COUNT_MS = 3_600_000;
const LONGEST_WINDOW_SECONDS = 3_600;
/** From the second in which a rise is seen to the one in which its pods are created. */
const REACTION_SECONDS = 2;

/** Of the rate that is remembered: over 3 s. */
const SLOWEST_WINDOW_SECONDS = 3;

type Recent = TierMemory['recentWanted'];
type Falls = Pick<TierMemory, 'fellMs' | 'mistakesMs'>;

/** What is kept of one tick: the load with its room, never less than floor and minimum, in hundredths of a replica. */
export const wantedWithRoom = (load: number, { scheduleFloor, min }: TierLimits): number =>
  Math.max(Math.ceil(load * ROOM * 100) / 100, scheduleFloor, min);

export interface Windows {
  readonly steadySeconds: number;
  readonly insuredSeconds: number;
  readonly slotMs: number;
}

/** Falls of the last hour that were a mistake: the crowd needed the replicas again within twice the down window. */
export const recentMistakes = ({ mistakesMs = [] }: Falls, nowMs: number): readonly number[] =>
  mistakesMs.filter((atMs) => atMs > nowMs - MISTAKES_COUNT_MS && atMs <= nowMs);

/**
 * How long demand must have been lower, and how long a rise is insured against. 300 s: 60 and 300 s; after one mistake both
 * are 20 min, after two an hour, so that a crowd that comes every few minutes does not turn replicas around each time.
 */
export const windowsOf = (windowSeconds: number, mistakes: number): Windows => {
  const whole = Math.max(windowSeconds, Math.min(LONGEST_WINDOW_SECONDS, windowSeconds * MISTAKE_FACTOR ** mistakes));
  return {
    steadySeconds: mistakes === 0 ? STEADY_SHARE * whole : whole,
    insuredSeconds: whole,
    // At most 62 slots, so that status stays small.
    slotMs: whole > 600 ? 60_000 : 10_000,
  };
};

/** What this tick makes of falls: `fellMs` is there until replicas rise again. */
export const turned = (
  before: Falls,
  { change, isCrowds }: { readonly change: number; readonly isCrowds: boolean },
  windowSeconds: number,
  nowMs: number,
): Falls => {
  const { fellMs, ...rest } = before;
  if (fellMs === undefined) return change < 0 && isCrowds ? { ...rest, fellMs: nowMs } : rest;
  if (change <= 0) return before;
  const sinceMs = nowMs - fellMs;
  const wasMistake = isCrowds && sinceMs >= 0 && sinceMs < MISTAKE_WITHIN * windowSeconds * 1000;
  return wasMistake ? { mistakesMs: [...(rest.mistakesMs ?? []), nowMs] } : rest;
};

/** Rates of the last start time and this one's. */
export const rememberRate = (
  rates: TierMemory['recentRates'] = [],
  arrivals: ArrivalRates | undefined,
  startSeconds: number,
  nowMs: number,
): NonNullable<TierMemory['recentRates']> => {
  const fromMs = nowMs - (startSeconds + REACTION_SECONDS + SLOWEST_WINDOW_SECONDS) * 1000;
  const past = rates.filter(({ atMs }) => atMs < nowMs);
  const recent = past.filter(({ atMs }) => atMs >= fromMs);
  // Over a gap in the readings the rise counts from the last one before it.
  const known = recent.length > 0 ? recent : past.slice(-1);
  return arrivals === undefined ? known : [...known, { atMs: nowMs, perSecond: arrivals.over3s }];
};

/** By how much the last of these rates is above the lowest. 100, 60, 900: 840. */
export const riseOf = (rates: NonNullable<TierMemory['recentRates']>): number => {
  const last = rates.at(-1)?.perSecond ?? 0;
  return Math.round(last - rates.reduce((least, { perSecond }) => Math.min(least, perSecond), last));
};

/** Adds this tick's demand to its slot and drops slots that left the down window. */
export const remember = (
  recent: Recent,
  { wanted, rise, rate }: { readonly wanted: number; readonly rise: number; readonly rate: number },
  { insuredSeconds, slotMs }: Windows,
  nowMs: number,
): Recent => {
  const slotStartMs = Math.floor(nowMs / slotMs) * slotMs;
  const last = recent.at(-1);
  const oldestMs = nowMs - insuredSeconds * 1000 - slotMs;
  // Nine seconds of ten change nothing, and eight days have a million of them.
  const isKnown =
    last?.slotStartMs === slotStartMs && last.wanted >= wanted && (last.rise ?? 0) >= rise && (last.rate ?? 0) >= rate;
  if (isKnown && recent.every((slot) => slot.slotStartMs > oldestMs && slot.slotStartMs <= slotStartMs)) return recent;
  // A slot from the future was written by a clock that ran ahead; kept, it would hold the tier up for ever.
  const inWindow = recent.filter((slot) => slot.slotStartMs > oldestMs && slot.slotStartMs < slotStartMs);
  // More than one where slots have just become longer.
  const same = recent.filter((slot) => slot.slotStartMs >= slotStartMs && slot.slotStartMs <= nowMs);
  const most = same.reduce<{ wanted: number; rise: number; rate: number }>(
    (all, slot) => ({
      wanted: Math.max(all.wanted, slot.wanted),
      rise: Math.max(all.rise, slot.rise ?? 0),
      rate: Math.max(all.rate, slot.rate ?? 0),
    }),
    { wanted, rise, rate },
  );
  return [...inWindow, { slotStartMs, ...most }];
};

/** Whole replicas that the demand of the last fifth of the down window keeps. */
export const highestWanted = (recent: Recent, { steadySeconds, slotMs }: Windows, nowMs: number): number => {
  const fromMs = nowMs - steadySeconds * 1000 - slotMs;
  return Math.ceil(
    recent.reduce((most, { slotStartMs, wanted }) => (slotStartMs > fromMs ? Math.max(most, wanted) : most), 0),
  );
};

/**
 * The fewest Ready replicas with which no citizen would be late, were the worst rise of the down window to come again now,
 * and the law to ask for what it takes. 100/s now, 3,000/s came within 8 s four minutes ago, 40/s a replica: 41 of the
 * 108 that it takes; pods that take 60 s to start: 69.
 */
export const insured = (
  recent: Recent,
  arrivalsPerSecond: number,
  {
    capacityPerReplica,
    targetUtilisation,
  }: { readonly capacityPerReplica: number; readonly targetUtilisation: number },
  pace: Pace,
): number => {
  const worst = recent.reduce((most, { rise = 0 }) => Math.max(most, rise), 0);
  const highest = recent.reduce((most, { rate = 0 }) => Math.max(most, rate), arrivalsPerSecond);
  const work = { waiting: 0, arrivalsPerSecond: Math.min(arrivalsPerSecond + worst, highest), capacityPerReplica };
  const needed = Math.ceil(work.arrivalsPerSecond / (targetUtilisation * capacityPerReplica));
  const after = { ...pace, startSeconds: pace.startSeconds + REACTION_SECONDS };
  let [tooFew, enough] = [-1, needed];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (predict(work, { ready: middle }, after).lateWith(needed) < 1) enough = middle;
    else tooFew = middle;
  }
  return enough;
};

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

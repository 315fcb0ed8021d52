/** Data of the control law. Pure. Units: seconds and messages per second unless the name says otherwise. */

import type { Backlog, Reading } from '../../contract/reading.ts';
import type { Replacing } from './lost.ts';

/**
 * First attempts per second. Over 1 s: the last full second by the pods' own clocks, where all of them tell it; over 3 and
 * 60 s, and else, from counter deltas with source timestamps.
 */
export interface ArrivalRates {
  readonly over1s: number;
  readonly over3s: number;
  readonly over60s: number;
  /** The newest part of the last second; from counters: since the look before, where that was long enough to say something. */
  readonly newest?: { readonly perSecond: number; readonly seconds: number };
  /** By how much the rate rises a second, sustained over 10 s. Absent or 0: it doesn't rise, or that is unknown. */
  readonly risePerSecond?: number;
  /** Attempts per second that were expected to be returns, and are not among these; they come by chance, too. Absent: 0. */
  readonly returnedPerSecond?: number;
  /** At least so many, while citizens are due back: those who gave up hide first attempts. Absent: 0. */
  readonly certainPerSecond?: number;
}

/** Citizens who were shed and asked to come again. */
export interface DueBack {
  /** Who has not come again yet. */
  readonly citizens: number;
  /** How many came again in the last second. */
  readonly perSecond: number;
}

/** What the law knows about one tier at one tick. */
export interface TierInput {
  readonly nowMs: number;
  /** `spec.replicas` of the Deployment now. */
  readonly replicas: number;
  readonly ready: number;
  /** First attempts: citizens who come again after they were shed are not among them. */
  readonly arrivals: Reading<ArrivalRates>;
  /** Only for queue-fed tiers. */
  readonly backlog?: Reading<Backlog>;
  /** Citizens who were shed. Absent: as if no one had been. */
  readonly dueBack?: Reading<DueBack>;
  /** What may be let in per second, all intake pods together. Absent: whatever they carry. */
  readonly admissionPerSecond?: number;
  /** What all ready replicas worked off per second. Absent: not measured, so nothing is learned. Counts with a queue. */
  readonly served?: Reading<number>;
  /** Ages in seconds of pods that exist and are not Ready. Absent: as if they had just been created. */
  readonly startingSeconds?: readonly number[];
  /** Measured: 90th percentile of a pod's creation → Ready. Absent: the remembered one. */
  readonly startSeconds?: number;
  /** Measured: pods that the cluster creates per second when many are asked for. Absent: the remembered one. */
  readonly createdPerSecond?: number;
  /** A new template is being rolled out: its surge pods are no capacity to take away. */
  readonly isRollingOut?: boolean;
  /** The owner was asked for more. */
  readonly isPlanPending?: boolean;
}

export interface TierLimits {
  readonly min: number;
  readonly max: number;
  /** The spec's maximum, where `max` is lower because outside systems take no more. Absent: `max` is the spec's. */
  readonly statedMax?: number;
  /** The ceiling in force at this moment; nothing raises replicas above it. */
  readonly ceiling: number;
  /** One ready replica's throughput at full utilisation, per second. */
  readonly capacityPerReplica: number;
  /** Target utilisation rho, 0.7 unless stated. */
  readonly targetUtilisation: number;
  readonly drainWithinSeconds: number;
  /** How replicas for a backlog add to those for arrivals; absent: additive. */
  readonly drainMode?: 'additive' | 'economical';
  /** The schedule's floor at this moment (0 = none); clamped to the ceiling. */
  readonly scheduleFloor: number;
  readonly down: { readonly windowSeconds: number; readonly percentPerMinute: number };
  /** No way down before this instant: end of the hold after opening (from pre-warming on), or of the override hold-until. */
  readonly holdUntilMs?: number;
  /** No way down before this instant either: a person said so, by the annotation hold-until. Undefined: no one did. */
  readonly askedHoldUntilMs?: number;
  /** Replicas that are kept when every metric has been missing for 30 s; absent or 0: the present ones. */
  readonly blindFloor?: number;
}

/** One tick's throughput. */
export interface ThroughputSample {
  readonly atMs: number;
  readonly ready: number;
  readonly servedPerSecond: number;
  /** With those who come again after they were shed. */
  readonly arrivalsPerSecond: number;
  /** There was more to do than was done: the figure says what the replicas can, not what came. */
  readonly isBusy: boolean;
}

/** Survives a restart through status. The law never keeps state of its own. */
export interface TierMemory {
  /**
   * Maxima of what demand keeps on the way down (with its room, before max and ceiling; fractions of a replica) and of the
   * rise of the arrivals over one start time (per second), one per 10 s slot, newest last, as long as the down window.
   */
  readonly recentWanted: readonly {
    readonly slotStartMs: number;
    readonly wanted: number;
    readonly rise?: number;
    readonly rate?: number;
  }[];
  /** Arrivals per second, tick by tick, of the last start time. Need not survive a restart. */
  readonly recentRates?: readonly { readonly atMs: number; readonly perSecond: number }[];
  /** When replicas began to fall; absent once they have risen again. And falls that had to be undone soon. */
  readonly fellMs?: number;
  readonly mistakesMs?: readonly number[];
  /** When replicas last went down, and how many there were at the start of the step that this belongs to. */
  readonly lastDownMs?: number;
  readonly lastDownFrom?: number;
  /** Consecutive ticks with every metric fresh; a decrease needs 3. */
  readonly freshTicks: number;
  /** `nowMs` of the last tick, so that a tick decided twice counts once. Need not survive a restart. */
  readonly lastTickMs?: number;
  /** Throughput of the last 10 s. Need not survive a restart. */
  readonly samples?: readonly ThroughputSample[];
  /** Until when throughput was limited by something downstream. Need not survive a restart. */
  readonly doubtedMs?: number;
  /** Learned capacity of a replica, per second. */
  readonly capacityPerReplica?: number;
  /** Measured start of a pod, and how many are created per second. */
  readonly startSeconds?: number;
  readonly createdPerSecond?: number;
  /** No way down before this instant, nor while excess backlog is left after it. */
  readonly panicUntilMs?: number;
  /** Since when every metric has been missing. */
  readonly blindSinceMs?: number;
  /** Throughput at the last settled size, and how many scale-ups in a row did not raise throughput. */
  readonly trial?: { readonly ready: number; readonly servedPerSecond: number; readonly useless: number };
  /** A downstream system is the bottleneck. */
  readonly saturation?: Saturation;
  /** What was wanted while citizens wait: it does not fall before this instant, nor while they do. */
  readonly pressing?: { readonly wanted: number; readonly untilMs: number };
  /** Replacements of pods on lost nodes (lost.ts). Need not survive a restart. */
  readonly replacing?: Replacing;
}

export interface Saturation {
  readonly sinceMs: number;
  /** Throughput of a replica when it began. */
  readonly perReplica: number;
  /** What may be let in per second meanwhile. */
  readonly admissionPerSecond: number;
}

export const EMPTY_MEMORY: TierMemory = { recentWanted: [], freshTicks: 0 };

export const LIMITED_BY = [
  'Load',
  'Backlog',
  'Lateness',
  'Schedule',
  'Blind',
  'Min',
  'Max',
  'Ceiling',
  'Provider',
  'Downstream',
  'Stale',
  'Panic',
  'Rollout',
  'PlanPending',
  'FewFreshTicks',
  'ExcessBacklog',
  'HoldAfterOpen',
  'HoldUntil',
  'DownWindow',
  'WayDown',
] as const;
/** Which term, bound or hold decided the number: one word for one cause, each with its sentence in explain.ts. */
export type LimitedBy = (typeof LIMITED_BY)[number];

export interface Evidence {
  /** Expected arrivals per second, their rise included; undefined: unknown. */
  readonly arrivalsPerSecond: number | undefined;
  /** Citizens who wait: messages beyond what is in flight, and those due back. Now, and when a pod created now is Ready. */
  readonly excess: number;
  readonly excessAhead: number;
  readonly capacityPerReplica: number;
  readonly startSeconds: number;
}

/** In replicas. */
export interface Terms {
  /** For the arrivals, and for who waits: fractions. */
  readonly feedForward: number;
  readonly drain: number;
  /** On top of both: so many more save citizens from being late. Whole pods. */
  readonly lateness: number;
  readonly scheduleFloor: number;
}

export interface Decision {
  readonly replicas: number;
  /** What the demand asks for before max and ceiling: shows how much the ceiling withholds. */
  readonly wanted: number;
  readonly limitedBy: LimitedBy;
  readonly terms: Terms;
  /** What the terms were made from. */
  readonly evidence: Evidence;
  /** What is behind the tier can't take more, so no more than this may be let in per second; absent: no limit. */
  readonly admissionPerSecond?: number;
  /** One sentence for people, with the numbers. */
  readonly explanation: string;
  readonly memory: TierMemory;
}

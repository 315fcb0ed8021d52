/** Data of the control law. Pure. Units: seconds and messages per second unless the name says otherwise. */

/**
 * A signal with its age. "No data" is a value, never zero. `fresh`: the source answered within the tick and its own
 * clock advanced. `stale`: the last value, too old to lower anything. `absent`: never seen.
 */
export type Reading<T> =
  | { readonly kind: 'fresh'; readonly value: T; readonly atMs: number }
  | { readonly kind: 'stale'; readonly value: T; readonly atMs: number }
  | { readonly kind: 'absent' };

/** Attempted arrivals per second over 1, 3 and 60 s, from counter deltas with source timestamps. */
export interface ArrivalRates {
  readonly over1s: number;
  readonly over3s: number;
  readonly over60s: number;
}

export interface Backlog {
  /** num_pending + num_ack_pending, summed over shards, answered by the consumer leaders. */
  readonly messages: number;
  /** Age of the oldest unprocessed message; undefined when there is none or it is unknown. */
  readonly oldestSeconds?: number;
}

/** What the law knows about one tier at one tick. */
export interface TierInput {
  readonly nowMs: number;
  /** `spec.replicas` of the Deployment now. */
  readonly replicas: number;
  readonly ready: number;
  readonly arrivals: Reading<ArrivalRates>;
  /** Only for queue-fed tiers. */
  readonly backlog?: Reading<Backlog>;
}

export interface TierLimits {
  readonly min: number;
  readonly max: number;
  /** The ceiling in force at this moment; nothing raises replicas above it. */
  readonly ceiling: number;
  /** One ready replica's throughput at full utilisation, per second. */
  readonly capacityPerReplica: number;
  /** Target utilisation rho, 0.7 unless stated. */
  readonly targetUtilisation: number;
  readonly drainWithinSeconds: number;
  /** The schedule's floor at this moment (0 = none); clamped to the ceiling. */
  readonly scheduleFloor: number;
  readonly down: { readonly windowSeconds: number; readonly percentPerMinute: number };
  /** No way down before this instant (opening + holdAfterOpen; also the pre-warm span). Undefined: no hold. */
  readonly holdUntilMs?: number;
}

/** Survives a restart through status. The law never keeps state of its own. */
export interface TierMemory {
  /**
   * Maxima of what demand keeps on the way down (with its room, before max and ceiling; fractions of a replica), one per
   * 10 s slot, newest last, as long as the down window.
   */
  readonly recentWanted: readonly { readonly slotStartMs: number; readonly wanted: number }[];
  /** When replicas last went down, and how many there were at the start of the step that this belongs to. */
  readonly lastDownMs?: number;
  readonly lastDownFrom?: number;
  /** Consecutive ticks with every signal fresh; a decrease needs 3. */
  readonly freshTicks: number;
  /** `nowMs` of the last tick, so that a tick decided twice counts once. Need not survive a restart. */
  readonly lastTickMs?: number;
}

export const EMPTY_MEMORY: TierMemory = { recentWanted: [], freshTicks: 0 };

export const LIMITED_BY = [
  'Load',
  'Backlog',
  'Schedule',
  'Min',
  'Max',
  'Ceiling',
  'Stale',
  'Holding',
  'WayDown',
] as const;
/** Which term or bound decided the number. */
export type LimitedBy = (typeof LIMITED_BY)[number];

export interface Decision {
  readonly replicas: number;
  /** What the demand asks for before max and ceiling: shows how much the ceiling withholds. */
  readonly wanted: number;
  readonly limitedBy: LimitedBy;
  readonly terms: { readonly feedForward: number; readonly drain: number; readonly scheduleFloor: number };
  /** One sentence for people, with the numbers. */
  readonly explanation: string;
  readonly memory: TierMemory;
}

/** What a simulation is asked and what it answers. Pure data; the JSON of `kubectl voucher simulate`. */
import type { PolicyFactory, PolicyName } from './policies/policy.ts';

export const SIMULATED_TIERS = ['intake', 'records'] as const;
export type SimulatedTier = (typeof SIMULATED_TIERS)[number];

export interface SimulationStart {
  /** Ready replicas. */
  readonly replicas: Readonly<Record<SimulatedTier, number>>;
  /** Messages in the journal that are not recorded yet. */
  readonly backlog: number;
  /** Citizens who were asked to come again within seconds. Absent: 0. */
  readonly dueBack?: number;
}

export interface SimulationOptions {
  /** Default voucher-operator. */
  readonly policy?: PolicyName;
  /** Plays instead of the named policy, such as a law that a benchmark spoils on purpose. */
  readonly newPolicy?: PolicyFactory;
  /** Where it begins, at the first second of the trace; default: early enough for the schedule, at the minimum, no one waits. */
  readonly start?: SimulationStart;
  /** How long after the trace's end it goes on while anybody waits; default an hour. */
  readonly tailSeconds?: number;
  /** The tier whose replicas and pod-seconds are reported; default: intake's replicas, and pod-seconds of both. */
  readonly tier?: SimulatedTier;
  /** Citizens who are not admitted keep a place in a queue. Default: they come again by Retry-After. */
  readonly waitingRoom?: boolean;
  /** When in its 15 s a rival's controller looks; default 7, the middle. */
  readonly phaseSeconds?: number;
}

export interface TimelinePoint {
  /** Seconds after `opensAt`. */
  readonly t: number;
  /** New arrivals per second; people who come again are not counted twice. */
  readonly arrivals: number;
  /** Citizens who are not recorded yet, shed or in the journal. */
  readonly backlog: number;
  readonly desired: number;
  readonly ready: number;
  readonly limitedBy: string;
}

/** A plan that the operator would have shown to the owner. */
export interface SimulatedPlan {
  readonly t: number;
  readonly tier: SimulatedTier;
  readonly reason: 'Load' | 'Forecast';
  /** Replicas needed, and the ceiling asked for. */
  readonly needed: number;
  readonly ceiling: number;
}

export interface SimulationResult {
  readonly policy: PolicyName;
  /** From arrival to recorded, over all who arrived in the trace. */
  readonly waitP50Seconds: number;
  readonly waitP99Seconds: number;
  /** Citizens who waited longer than 5 s, those included who were never recorded. */
  readonly lateOver5Seconds: number;
  readonly peakBacklog: number;
  /** First second from which no backlog was left; 0 when there never was one, undefined when it stayed. */
  readonly drainedAtSeconds: number | undefined;
  /** Most replicas asked for. */
  readonly maxReplicas: number;
  /** Pods that existed, summed over the seconds. */
  readonly podSeconds: number;
  /** When replicas were first raised for a crowd rather than by the schedule or the minimum. */
  readonly firstScaleUpSeconds: number | undefined;
  readonly plans: readonly SimulatedPlan[];
  /** About 2,000 points at even distances, and those at which the number wanted changed. */
  readonly timeline: readonly TimelinePoint[];
}

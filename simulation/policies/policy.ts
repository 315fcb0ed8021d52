/** What the simulator lets play: a law that answers once a second, and keeps between two answers what it wants. */
import type { TierInput, TierLimits } from '../../operator/scaling/types.ts';

export const POLICIES = [
  'voucher-operator',
  'keda-expert-1s',
  'keda-expert',
  'keda-default',
  'hpa-default',
  'no-autoscaler',
] as const;
export type PolicyName = (typeof POLICIES)[number];

/** How a controller that looks only now and then is set up. */
export interface PolicyOptions {
  /** Second of its 15 s in which it looks; no one can choose it. */
  readonly phaseSeconds: number;
}

export interface PolicyDecision {
  readonly replicas: number;
  /** Before maximum and ceiling. */
  readonly wanted: number;
  /** What decided, in the policy's own word. */
  readonly limitedBy: string;
  /** Wanted for the crowd, rather than by the schedule or the minimum. */
  readonly isForLoad: boolean;
  /** Undefined: whatever the ready replicas carry. */
  readonly admissionPerSecond?: number;
}

/** One tier's; asked in ascending order of time. */
export type TierPolicy = (input: TierInput, limits: TierLimits) => PolicyDecision;

/** Makes the policy of one tier for one simulation. */
export type PolicyFactory = (options: PolicyOptions) => TierPolicy;

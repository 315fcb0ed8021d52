/** What the simulator lets play: a law that answers once a second, and keeps between two answers what it wants. */
import type { TierInput, TierLimits } from '../../operator/scaling/types.ts';

export const POLICIES = ['ours', 'hpa-default', 'keda-default', 'keda-expert'] as const;
export type PolicyName = (typeof POLICIES)[number];

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

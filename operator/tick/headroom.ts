/** How many placeholders keep room on nodes for intake pods to come. They never count as capacity. Pure. */
import { TIERS } from '../../contract/tiers.ts';
import type { BuildOptions } from '../resources/build-options.ts';
import type { PlanInput, TierOutcomes } from './observed.ts';

export interface HeadroomOutcome {
  readonly desired: number;
  readonly replicas: number | undefined;
  /** False where no priority class would make them make way. */
  readonly isPossible: boolean;
}

/**
 * Rows are tried from the top.
 *
 * | the intake                                              | placeholders                                     |
 * |---------------------------------------------------------|--------------------------------------------------|
 * | is not ours to scale: Shadow, Off, paused, another's    | as many as there are                             |
 * | or records meet a ResourceQuota                         | 0: a quota counts them like pods that serve      |
 * | waits for pre-warming, or registration is over          | 0                                                |
 * | may go down and is at its minimum                       | 0: the crowd has gone                            |
 * | else                                                    | headroomReplicas, and no more than may ever come |
 *
 * Ceiling 60, desired 48, headroomReplicas 20 → 12: room for a replica that is not authorised would be paid for nothing.
 */
export const headroomOf = (
  { campaign, times, nowMs, observed }: PlanInput,
  { intake }: TierOutcomes,
  options: BuildOptions,
): HeadroomOutcome => {
  const { headroomReplicas } = campaign.spec.scaling;
  const { cluster } = observed;
  const replicas = cluster.headroom?.deployment.replicas;
  const isPossible = options.pods?.headroomPriorityClassName !== undefined;
  const sized = (desired: number): HeadroomOutcome => ({ desired: Math.max(0, desired), replicas, isPossible });
  if (!intake.isActing) return sized(replicas ?? 0);
  const meetsQuota = TIERS.some((tier) => cluster.tiers[tier]?.problems?.some(({ kind }) => kind === 'quota'));
  const isTime = nowMs >= times.preWarmAtMs && nowMs < times.closesAtMs;
  const hasGone = nowMs >= times.holdAfterOpenUntilMs && intake.desired <= campaign.spec.scaling.tiers.intake.min;
  if (meetsQuota || !isTime || hasGone) return sized(0);
  const most = Math.min(intake.limits.ceiling, intake.limits.max);
  return sized(Math.min(headroomReplicas, most - intake.written));
};

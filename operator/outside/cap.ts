/** The most replicas that the rate of outside systems needs. Pure. */

import { replicasFor } from '../scaling/schedule.ts';
import type { TierLimits } from '../scaling/types.ts';
import { outsideRate, type Pacing } from './outlook.ts';

type Capped = Pick<TierLimits, 'min' | 'max' | 'capacityPerReplica' | 'targetUtilisation'>;

/**
 * 300/s, and a replica does 100/s at a target utilisation of 0.7: 5 replicas, however large the backlog is. The declared capacity is
 * used, because pods that wait for their share would be measured as slow.
 *
 * @param targets none: nothing outside caps the tier
 */
export const cappedByOutside = <L extends Capped>(
  limits: L,
  targets: readonly Pacing[],
): L & Pick<TierLimits, 'statedMax'> => {
  if (targets.length === 0) return limits;
  const { min, max, capacityPerReplica, targetUtilisation } = limits;
  const most = Math.max(min, replicasFor(outsideRate(targets), capacityPerReplica, targetUtilisation));
  return most < max ? { ...limits, max: most, statedMax: max } : limits;
};

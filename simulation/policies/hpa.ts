/**
 * The HorizontalPodAutoscaler's documented algorithm, autoscaling/v2: what a metric asks for, the tolerance, the rate of
 * change, the stabilisation window. From the Kubernetes documentation "Horizontal Pod Autoscaling"; no code of it.
 */

export interface HpaBehavior {
  /** `--horizontal-pod-autoscaler-tolerance`, or the field `tolerance` of the object. */
  readonly tolerance: number;
  /** A period of the policies below. */
  readonly periodSeconds: number;
  /** selectPolicy Max of a share and a number of pods; `undefined`: not limited by the policy. */
  readonly up: { readonly percent: number; readonly pods: number };
  readonly down: { readonly percent: number; readonly stabilizationSeconds: number };
}

/** Doubling or four pods in 15 s, no window upwards; everything in 15 s downwards, once 300 s agree. */
export const DEFAULT_BEHAVIOR: HpaBehavior = {
  tolerance: 0.1,
  periodSeconds: 15,
  up: { percent: 100, pods: 4 },
  down: { percent: 100, stabilizationSeconds: 300 },
};

/**
 * Target type AverageValue: ⌈ Σ / target ⌉, or what is there while the average is within the tolerance of the target.
 * 50 replicas at 90 each, target 75: 60. 100 replicas at 108, target 100: 100, for 8 % are tolerated.
 */
export const desiredByAverage = (total: number, target: number, replicas: number, tolerance: number): number =>
  replicas > 0 && Math.abs(total / (target * replicas) - 1) <= tolerance ? replicas : Math.ceil(total / target);

interface Change {
  readonly at: number;
  readonly by: number;
}
interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** The part of the controller that remembers: changes of the last period, and recommendations of the window. */
export const newHpa = (behavior: HpaBehavior) => {
  let changes: readonly Change[] = [];
  let recommendations: readonly Recommendation[] = [];

  /** Replicas at the beginning of the period that ends now. */
  const atPeriodStart = (replicas: number, now: number): number => {
    changes = changes.filter(({ at }) => at > now - behavior.periodSeconds);
    return changes.reduce((before, { by }) => before - by, replicas);
  };

  return (desired: number, replicas: number, min: number, max: number, now: number): number => {
    const window = behavior.down.stabilizationSeconds;
    // A controller that just started counts what it finds as recommended.
    if (recommendations.length === 0) recommendations = [{ at: now, replicas }];
    recommendations = [...recommendations.filter(({ at }) => at > now - window), { at: now, replicas: desired }];
    const stabilised =
      desired >= replicas
        ? desired
        : Math.min(
            replicas,
            recommendations.reduce((most, { replicas: wanted }) => Math.max(most, wanted), desired),
          );
    const start = atPeriodStart(replicas, now);
    const { up, down } = behavior;
    const highest = Math.max(replicas, Math.ceil(start * (1 + up.percent / 100)), start + up.pods);
    const lowest = Math.min(replicas, Math.floor(start * (1 - down.percent / 100)));
    const next = Math.min(max, Math.max(min, Math.min(highest, Math.max(lowest, stabilised))));
    if (next !== replicas) changes = [...changes, { at: now, by: next - replicas }];
    return next;
  };
};

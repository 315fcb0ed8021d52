/** The pods of one tier in the simulator: created at a limited rate, Ready after a start time. Pure. */

export interface PlantTier {
  readonly replicas: number;
  /** Seconds at which created pods become Ready, ascending; at most `replicas` of them. */
  readonly readyAt: readonly number[];
}

export interface PlantRates {
  readonly startSeconds: number;
  readonly podsCreatedPerSecond: number;
}

/** A tier that has been running for long. */
export const newPlantTier = (replicas: number): PlantTier => ({
  replicas,
  readyAt: Array.from({ length: replicas }, () => Number.NEGATIVE_INFINITY),
});

export const readyPods = ({ readyAt }: PlantTier, t: number): number => {
  let ready = 0;
  while (ready < readyAt.length && (readyAt[ready] ?? Number.POSITIVE_INFINITY) <= t) ready += 1;
  return ready;
};

/** One second: the youngest pods go first when there are too many, and at most a second's worth is created. */
export const advance = (tier: PlantTier, replicas: number, t: number, plant: PlantRates): PlantTier => {
  if (tier.readyAt.length === replicas) return tier.replicas === replicas ? tier : { ...tier, replicas };
  if (tier.readyAt.length > replicas) return { replicas, readyAt: tier.readyAt.slice(0, replicas) };
  const created = Math.min(replicas - tier.readyAt.length, plant.podsCreatedPerSecond);
  return {
    replicas,
    readyAt: [...tier.readyAt, ...Array.from({ length: created }, () => t + plant.startSeconds)],
  };
};

/** What a Deployment does next to have its replicas, all of the newest template. */
import type { RollingUpdateDeployment } from 'kubernetes-types/apps/v1.js';
import { type Candidate, leastWorth } from './scale-down.ts';

export interface RolloutPod extends Candidate {
  /** Identifies the template that it was made from. */
  readonly revision: string;
}

export interface RolloutStep<Pod> {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/** `3`, `"25%"`. Kubernetes rounds surge up and unavailability down. */
const portion = (value: number | string | undefined, of: number, round: (value: number) => number): number => {
  if (typeof value === 'number') return value;
  const percent = Number.parseFloat(value ?? '25%');
  return round((percent / 100) * of);
};

/**
 * `pods` without those that end already.
 *
 * E.g. 4 replicas, surge 25 %, none unavailable, a new template: 4 old → create 1 (5 in all). It is ready → remove one
 * old (ready 5 > 4). Room again → create 1, and so on: four ready pods at every moment.
 */
export const rolloutStep = <Pod extends RolloutPod>(
  pods: readonly Pod[],
  revision: string,
  replicas: number,
  limits: RollingUpdateDeployment = {},
): RolloutStep<Pod> => {
  const current = pods.filter((pod) => pod.revision === revision);
  const old = pods.filter((pod) => pod.revision !== revision);
  const missing = Math.max(0, replicas - current.length);
  if (old.length === 0) return { create: missing, remove: leastWorth(current, current.length - replicas) };

  const unavailable = portion(limits.maxUnavailable, replicas, Math.floor);
  const surge = portion(limits.maxSurge, replicas, Math.ceil);
  // Both zero could never move; Kubernetes makes it one unavailable.
  const mayMiss = unavailable === 0 && surge === 0 ? 1 : unavailable;
  const excess = leastWorth(current, current.length - replicas);
  const readyLeft = pods.filter((pod) => pod.ready && !excess.includes(pod)).length;
  const oldReady = old.filter((pod) => pod.ready);
  const idle = old.filter((pod) => !pod.ready);
  const remove = [...excess, ...idle, ...leastWorth(oldReady, readyLeft - (replicas - mayMiss))];
  const room = replicas + surge - (pods.length - remove.length);
  return { create: Math.max(0, Math.min(missing, room)), remove };
};

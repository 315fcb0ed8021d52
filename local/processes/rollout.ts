/** The next step of a Deployment towards its replicas, all with the newest template. */
import type { RollingUpdateDeployment } from 'kubernetes-types/apps/v1.js';

export interface RolloutPod {
  readonly name: string;
  readonly ready: boolean;
  readonly createdAtMs: number;
  /** Identifies the pod template. */
  readonly revision: string;
}

export interface RolloutStep<Pod> {
  readonly create: number;
  readonly remove: readonly Pod[];
}

type Candidate = Omit<RolloutPod, 'revision'>;

const byWorth = (a: Candidate, b: Candidate): number => {
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  return b.createdAtMs - a.createdAtMs || (a.name < b.name ? -1 : 1);
};

/** Surplus pods to remove: those that are not Ready first, then the youngest, whose caches are coldest. */
export const leastWorth = <Pod extends Candidate>(pods: readonly Pod[], count: number): readonly Pod[] =>
  [...pods].sort(byWorth).slice(0, Math.max(0, count));

/** `3`, `"25%"`. Kubernetes rounds surge up and unavailability down. */
const portion = (value: number | string | undefined, of: number, round: (value: number) => number): number => {
  if (typeof value === 'number') return value;
  const percent = Number.parseFloat(value ?? '25%');
  return round((percent / 100) * of);
};

/**
 * `pods` are those that are not ending.
 *
 * Example: 4 replicas, surge 25 %, none unavailable, a new template. 4 old pods → create 1. It is Ready → remove 1 old.
 * Then create 1 again, and so on: four pods are always Ready.
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
  // With both zero there would be no progress; Kubernetes then allows one unavailable.
  const mayMiss = unavailable === 0 && surge === 0 ? 1 : unavailable;
  const excess = leastWorth(current, current.length - replicas);
  const readyLeft = pods.filter((pod) => pod.ready && !excess.includes(pod)).length;
  const oldReady = old.filter((pod) => pod.ready);
  const idle = old.filter((pod) => !pod.ready);
  const remove = [...excess, ...idle, ...leastWorth(oldReady, readyLeft - (replicas - mayMiss))];
  const room = replicas + surge - (pods.length - remove.length);
  return { create: Math.max(0, Math.min(missing, room)), remove };
};

/** Requests of pods and room on nodes: CPU in cores, memory in bytes, pods in pieces. Pure. */
import type { NodeFacts, Resources, Taint, TierFacts, Toleration } from './doctor-facts.ts';

export const NONE: Resources = { cpu: 0, memory: 0, pods: 0 };

export const plus = (a: Resources, b: Resources): Resources => ({
  cpu: a.cpu + b.cpu,
  memory: a.memory + b.memory,
  pods: a.pods + b.pods,
});

export const times = (one: Resources, number: number): Resources => ({
  cpu: one.cpu * number,
  memory: one.memory * number,
  pods: one.pods * number,
});

const tolerates = ({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean =>
  (effect === undefined || effect === '' || effect === taint.effect) &&
  (key === undefined || key === '' ? operator === 'Exists' : key === taint.key) &&
  (operator === 'Exists' || value === taint.value);

/** Whether the scheduler may put a pod of the tier on this node. */
export const isOpenTo = (node: NodeFacts, { nodeSelector, tolerations }: TierFacts): boolean =>
  node.isSchedulable &&
  Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value) &&
  node.taints
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));

/** Whole pods that still fit: 3.9 cores free at 500m each are 7. */
export const fits = (free: Resources, one: Resources): number => {
  const of = (has: number, asks: number): number =>
    asks <= 0 ? Number.POSITIVE_INFINITY : Math.floor((has + 1e-6) / asks);
  const most = Math.min(of(free.cpu, one.cpu), of(free.memory, one.memory), of(free.pods, 1));
  return Math.max(0, most);
};

interface Wanted {
  readonly tier: TierFacts;
  /** Pods beyond the existing ones. */
  readonly missing: number;
}

/** How many of the missing pods have a place, node by node: 1.2 and 0.7 cores free, 500m each: 2 + 1 = 3 of 4. */
export const placed = (nodes: readonly NodeFacts[], wanted: readonly Wanted[]): readonly number[] => {
  const free = new Map(
    nodes.map(({ name, allocatable, requested }) => [name, plus(allocatable, times(requested, -1))]),
  );
  return wanted.map(({ tier, missing }) => {
    let left = missing;
    for (const node of nodes.filter((one) => isOpenTo(one, tier))) {
      const room = free.get(node.name) ?? NONE;
      const here = Math.min(left, fits(room, tier.requests));
      free.set(node.name, plus(room, times({ ...tier.requests, pods: 1 }, -here)));
      left -= here;
    }
    return missing - left;
  });
};

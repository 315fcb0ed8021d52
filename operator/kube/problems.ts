/** Why a tier's pods do not come, from what controllers, scheduler and kubelet say. Pure. */
import { z } from 'zod';
import type { TierProblem } from '../reconcile/ports.ts';
import type { KubeObject } from './objects.ts';
import type { PodRecord } from './pods.ts';
import { parseQuantity } from './quantity.ts';

const deploymentSchema = z.object({
  spec: z.object({ replicas: z.number().default(1) }),
  status: z
    .object({
      replicas: z.number().default(0),
      readyReplicas: z.number().default(0),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .default([]),
    })
    .default({ replicas: 0, readyReplicas: 0, conditions: [] }),
});

export const replicasOf = (deployment: KubeObject): number => deploymentSchema.parse(deployment).spec.replicas;

/** As the API server tells it; the pods themselves are not watched. */
export const readyOf = (deployment: KubeObject): number => deploymentSchema.parse(deployment).status.readyReplicas;

type Amount = { readonly resource: string; readonly amount: number };

/** `requests.cpu=500m,pods=1` */
const amountsOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text.split(',').flatMap((pair): [string, number][] => {
      const [resource = '', quantity = ''] = pair.split('=');
      const amount = parseQuantity(quantity);
      return amount === undefined ? [] : [[resource.trim(), amount]];
    }),
  );

/** The quota admission plugin's words since Kubernetes 1.5. */
const EXCEEDED = /exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: (\S+)/;

/**
 * `exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=1, limited: requests.cpu=1200m` with 8
 * replicas missing: 8 × 0.5 − (1.2 − 1) = 3.8 cores more are needed.
 */
export const quotaProblem = (message: string, missingReplicas: number): TierProblem | undefined => {
  const [, quota, requested = '', used = '', limited = ''] = EXCEEDED.exec(message) ?? [];
  if (quota === undefined) return undefined;
  const [inUse, limit] = [amountsOf(used), amountsOf(limited)];
  const missing = [...amountsOf(requested)].map(([resource, perPod]): Amount => {
    const free = Math.max(0, (limit.get(resource) ?? 0) - (inUse.get(resource) ?? 0));
    return { resource, amount: Math.round((missingReplicas * perPod - free) * 1e9) / 1e9 };
  });
  return { kind: 'quota', quota, replicas: missingReplicas, missing };
};

/** The ReplicaSet's complaint, which the Deployment repeats. */
const creationProblem = (deployment: KubeObject): readonly TierProblem[] => {
  const { spec, status } = deploymentSchema.parse(deployment);
  const failure = status.conditions.find(
    ({ type, status: verdict }) => type === 'ReplicaFailure' && verdict === 'True',
  );
  const missingReplicas = spec.replicas - status.replicas;
  // The condition stays for a while after the last pod has come.
  if (failure === undefined || missingReplicas <= 0) return [];
  return [quotaProblem(failure.message, missingReplicas) ?? { kind: 'refused', message: failure.message }];
};

/** What one node has room for, as far as pods that run show it. */
const mostTogether = (pods: readonly PodRecord[]): number => {
  const byNode = new Map<string, number>();
  for (const { nodeName } of pods) {
    if (nodeName !== undefined) byNode.set(nodeName, (byNode.get(nodeName) ?? 0) + 1);
  }
  return Math.max(0, ...byNode.values());
};

const unschedulableProblem = (pods: readonly PodRecord[]): readonly TierProblem[] => {
  const waiting = pods.filter(({ unschedulable }) => unschedulable !== undefined);
  const [first] = waiting;
  if (first === undefined) return [];
  const sum = (resource: 'cpu' | 'memory'): Amount => ({
    resource,
    amount: waiting
      .flatMap(({ requests }) => requests)
      .reduce((total, request) => total + (parseQuantity(request[resource]) ?? 0), 0),
  });
  const missing = [sum('cpu'), sum('memory')];
  const message = first.unschedulable ?? '';
  const mostOnANode = mostTogether(pods);
  return [
    {
      kind: 'unschedulable',
      replicas: waiting.length,
      missing,
      message,
      ...(mostOnANode === 0 ? {} : { mostOnANode }),
    },
  ];
};

/** One per reason. */
const startProblems = (
  pods: readonly PodRecord[],
  mountFailures: ReadonlyMap<string, string>,
): readonly TierProblem[] => {
  const byReason = new Map<string, { replicas: number; readonly message: string }>();
  const add = (reason: string, message: string): void => {
    const known = byReason.get(reason);
    if (known === undefined) byReason.set(reason, { replicas: 1, message });
    else known.replicas += 1;
  };
  for (const { metadata, waiting, isBeingMade } of pods) {
    const unmounted = mountFailures.get(metadata.uid);
    if (waiting !== undefined) add(waiting.reason, waiting.message);
    else if (isBeingMade && unmounted !== undefined) add('FailedMount', unmounted);
  }
  return [...byReason].map(([reason, { replicas, message }]) => ({ kind: 'not_starting', replicas, reason, message }));
};

/** @param mountFailures by pod uid: a volume that can't be mounted shows in events only. */
export const tierProblems = (
  deployment: KubeObject,
  pods: readonly PodRecord[],
  mountFailures: ReadonlyMap<string, string>,
): readonly TierProblem[] => [
  ...creationProblem(deployment),
  ...unschedulableProblem(pods),
  ...startProblems(pods, mountFailures),
];

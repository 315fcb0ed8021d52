/** Why a Deployment's pods are not even created, from its controllers' messages and the quotas. Pure. */
import type { TierProblem } from '../../tick/tier-problem.ts';
import type { KubeObject } from '../objects.ts';
import { deploymentOf, gaveUpIn, type DeploymentSeen as Seen } from './deployment-status.ts';
import { parseQuantity } from './quantity.ts';
import { type Amounts, fullQuota, podNeed, quotasOf } from './quotas.ts';

/** `requests.cpu=500m,pods=1` */
const amountsOf = (text: string): Amounts =>
  new Map(
    text.split(',').flatMap((pair): [string, number][] => {
      const [resource = '', quantity = ''] = pair.split('=');
      const amount = parseQuantity(quantity);
      return amount === undefined ? [] : [[resource.trim(), amount]];
    }),
  );

/** The quota admission plugin's message since Kubernetes 1.5. */
const EXCEEDED = /exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: (\S+)/;

interface Complaint {
  readonly quota: string;
  readonly requested: Amounts;
  readonly used: Amounts;
  readonly limited: Amounts;
}

const complaintOf = (message: string): Complaint | undefined => {
  const [, quota, requested = '', used = '', limited = ''] = EXCEEDED.exec(message) ?? [];
  return quota === undefined
    ? undefined
    : { quota, requested: amountsOf(requested), used: amountsOf(used), limited: amountsOf(limited) };
};

/**
 * `exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=1, limited: requests.cpu=1200m` with 8
 * replicas missing: 8 × 0.5 − (1.2 − 1) = 3.8 cores more are needed.
 *
 * @param objects what is to be created; as many as replicas unless stated
 */
export const quotaProblem = (
  message: string,
  missingReplicas: number,
  objects = missingReplicas,
): Extract<TierProblem, { readonly kind: 'quota' }> | undefined => {
  const complaint = complaintOf(message);
  if (complaint === undefined) return undefined;
  const { quota, requested, used, limited } = complaint;
  const missing = [...requested].map(([resource, each]) => {
    const free = Math.max(0, (limited.get(resource) ?? 0) - (used.get(resource) ?? 0));
    return { resource, amount: Math.round((objects * each - free) * 1e9) / 1e9 };
  });
  return { kind: 'quota', quota, replicas: missingReplicas, missing };
};

/** 25 % of 5 is 2: rounded up, as the Deployment controller does. */
const surgeOf = ({ spec: { replicas, strategy } }: Seen): number => {
  const surge = strategy.rollingUpdate?.maxSurge ?? 0;
  return typeof surge === 'number' ? surge : Math.ceil((replicas * Number.parseFloat(surge)) / 100);
};

/**
 * Pods that the controllers want and that are missing. `status.replicas` counts old and new ones together, so a rollout
 * that can't begin looks complete by it.
 *
 * | requested | there | of the new template | surge | missing         |
 * |-----------|-------|---------------------|-------|-----------------|
 * | 10        | 2     | 2                   | 3     | 8               |
 * | 2         | 2     | 0                   | 1     | 1 of a rollout  |
 * | 8         | 9     | 1                   | 2     | 1 of a rollout  |
 * | 8         | 10    | 2                   | 2     | none: it waits until those are Ready |
 * | 2         | 2     | 2                   | 1     | none            |
 */
const missingOf = (seen: Seen): { readonly replicas: number; readonly isRollout: boolean } | undefined => {
  const { replicas } = seen.spec;
  const { replicas: there, updatedReplicas } = seen.status;
  if (there < replicas) return { replicas: replicas - there, isRollout: false };
  const inRollout = Math.min(replicas - updatedReplicas, replicas + surgeOf(seen) - there);
  return inRollout > 0 ? { replicas: inRollout, isRollout: true } : undefined;
};

/** A ReplicaSet's error that the Deployment repeats, or the Deployment's own that it can't create a ReplicaSet. */
const complaintIn = ({ status: { conditions } }: Seen) => {
  const pods = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (pods !== undefined) return { ...pods, isOfPods: true };
  const set = conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ReplicaSetCreateError');
  return set === undefined ? undefined : { ...set, isOfPods: false };
};

const FRESH_SECONDS = 10;
/** A controller acts within a second or two, or later when it creates a thousand campaigns. */
const ACTS_WITHIN_MS = 60_000;

/** Whether pods are missing with a message of a controller: then the quotas are read. */
export const isRefused = (deployment: KubeObject): boolean => {
  const seen = deploymentOf(deployment);
  return missingOf(seen) !== undefined && complaintIn(seen) !== undefined;
};

/** Progress of controllers that have work and report no error: where it does not change, no controller is at work. */
export const unansweredState = (deployment: KubeObject): string | undefined => {
  const seen = deploymentOf(deployment);
  const { observedGeneration, replicas } = seen.status;
  const isUnseen = observedGeneration < (deployment.metadata.generation ?? 0);
  return (isUnseen || replicas < seen.spec.replicas) && complaintIn(seen) === undefined
    ? `${observedGeneration} ${replicas}`
    : undefined;
};

/**
 * A controller keeps its first message while it is refused, so the quotas are read, too.
 *
 * | message  | quotas             | problem                                                             |
 * |----------|--------------------|---------------------------------------------------------------------|
 * | a quota  | one is full        | that one, with what is missing now                                  |
 * | a quota  | none is full       | the one it names, with room by now: its pods are requested again    |
 * | a quota  | not read           | the one it names, with the age of the message                       |
 * | another  | one is full        | the message with its age, and that quota                            |
 * | another  | otherwise          | the message with its age                                            |
 * | none for 60 s | any           | refused: the controller does not act                                |
 *
 * @param quotas the answer of the API server; undefined: not read
 * @param unansweredMs for how long unansweredState has been the same
 */
export const creationProblems = (
  deployment: KubeObject,
  quotas: unknown,
  nowMs: number,
  unansweredMs = 0,
): readonly TierProblem[] => {
  const seen = deploymentOf(deployment);
  const missing = missingOf(seen);
  const complaint = complaintIn(seen);
  if (complaint === undefined) {
    const message = `no controller has created them for ${Math.round(unansweredMs / 1000)} s: is kube-controller-manager running?`;
    return unansweredMs < ACTS_WITHIN_MS ? [] : [{ kind: 'refused', message, isUnanswered: true }];
  }
  // The condition remains for a while after the last pod was created.
  if (missing === undefined) return [];
  const { replicas, isRollout } = missing;
  const objects = complaint.isOfPods ? replicas : 1;
  const saidSeconds = Math.max(0, (nowMs - Date.parse(complaint.lastUpdateTime ?? '')) / 1000);
  const said = saidSeconds > FRESH_SECONDS ? { saidSecondsAgo: Math.round(saidSeconds) } : {};
  const rollout = isRollout ? { isRollout } : {};
  const named = quotaProblem(complaint.message, replicas, objects);
  const words: TierProblem = { kind: 'refused', message: complaint.message, ...said, ...rollout };
  if (quotas === undefined) return [named === undefined ? words : { ...named, ...said, ...rollout }];

  // The amounts that admission counted include defaults of a LimitRange and containers of a mesh.
  const requested = complaintOf(complaint.message)?.requested ?? [];
  const need: Amounts = new Map([
    ...(complaint.isOfPods ? podNeed(deployment) : [['count/replicasets.apps', 1] as const]),
    ...requested,
  ]);
  const full = fullQuota(quotasOf(quotas, deployment), need, objects);
  const live: readonly TierProblem[] =
    full === undefined ? [] : [{ kind: 'quota', ...full, replicas, now: 'full', ...rollout }];
  if (named === undefined) return [...live, words];
  return full === undefined ? [{ ...named, missing: [], now: 'room', ...said, ...rollout }] : live;
};

/** A rollout that the controller gave up, or that is paused. Reported where nothing else explains it. */
export const rolloutProblem = (deployment: KubeObject): TierProblem | undefined => {
  const { spec, status } = deploymentOf(deployment);
  const { updatedReplicas: updated } = status;
  const problem = (message: string): TierProblem => ({ kind: 'rollout', updated, replicas: spec.replicas, message });
  if (spec.paused && updated < spec.replicas) {
    return problem('spec.paused of its Deployment is true: resume it with kubectl rollout resume');
  }
  const gaveUp = gaveUpIn(status);
  const isDone = Math.min(updated, status.availableReplicas) >= spec.replicas;
  return gaveUp === undefined || isDone ? undefined : problem(gaveUp.message);
};

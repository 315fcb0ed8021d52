/** Why a tier's pods do not come or do not serve, from what controllers, scheduler, kubelet and quotas say. Pure. */
import { z } from 'zod';
import type { TierProblem } from '../../tick/trouble.ts';
import type { KubeObject } from '../objects.ts';
import { creationProblems, rolloutProblem } from './creation-problems.ts';
import type { PodWord, PodWords } from './mount-failures.ts';
import type { PodTrouble, PodTroubleKind } from './pod-trouble.ts';
import type { PodRecord } from './pods.ts';
import { parseQuantity } from './quantity.ts';

const deploymentSchema = z.object({
  spec: z.object({ replicas: z.number().default(1) }),
  status: z.object({ readyReplicas: z.number().default(0) }).default({ readyReplicas: 0 }),
});

export const replicasOf = (deployment: KubeObject): number => deploymentSchema.parse(deployment).spec.replicas;

/** As the API server tells it; the pods themselves are not watched. */
export const readyOf = (deployment: KubeObject): number => deploymentSchema.parse(deployment).status.readyReplicas;

type Amount = { readonly resource: string; readonly amount: number };

/** What one node has room for, as far as pods that run show it. */
const mostTogether = (pods: readonly PodRecord[]): number => {
  const byNode = new Map<string, number>();
  for (const { nodeName } of pods) {
    if (nodeName !== undefined) byNode.set(nodeName, (byNode.get(nodeName) ?? 0) + 1);
  }
  return Math.max(0, ...byNode.values());
};

const unschedulableProblem = (pods: readonly PodRecord[]): readonly TierProblem[] => {
  const waiting = pods.filter(({ trouble }) => trouble?.kind === 'unschedulable');
  const [first] = waiting;
  if (first === undefined) return [];
  const sum = (resource: 'cpu' | 'memory'): Amount => ({
    resource,
    amount: waiting
      .flatMap(({ requests }) => requests)
      .reduce((total, request) => total + (parseQuantity(request[resource]) ?? 0), 0),
  });
  const missing = [sum('cpu'), sum('memory')];
  const message = first.trouble?.message ?? '';
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

const lostProblem = (pods: readonly PodRecord[]): readonly TierProblem[] => {
  const lost = pods.filter(({ observed }) => observed.isLost === true);
  const nodes = [...new Set(lost.flatMap(({ nodeName }) => (nodeName === undefined ? [] : [nodeName])))].sort();
  return lost.length === 0 ? [] : [{ kind: 'lost', replicas: lost.length, nodes }];
};

/** A kubelet repeats itself every two minutes at the latest, and a probe's words are held back for five. */
const WORDS_COUNT_MS = 360_000;
/** Older words say how old they are. */
const WORDS_FRESH_MS = 30_000;
/** A pod that ended longer ago has been replaced. */
const ENDED_COUNTS_MS = 60_000;

type Told = Extract<TierProblem, { readonly kind: 'not_starting' | 'not_ready' | 'ended' | 'not_ending' }>;
const TOLD: readonly PodTroubleKind[] = [
  'not_starting',
  'not_ready',
  'ended',
  'not_ending',
] as const satisfies readonly Told['kind'][];
const isToldKind = (kind: PodTroubleKind): kind is Told['kind'] => TOLD.includes(kind);

const ofNow = (word: PodWord | undefined, nowMs: number): PodWord | undefined =>
  word === undefined || (word.atMs !== undefined && nowMs - word.atMs > WORDS_COUNT_MS) ? undefined : word;

/** What is told of a pod now; undefined while it may pass by itself. */
const toldOf = (
  trouble: PodTrouble,
  words: PodWords | undefined,
  nowMs: number,
): (Pick<Told, 'reason' | 'message' | 'saidSecondsAgo'> & { readonly kind: PodTroubleKind }) | undefined => {
  const { kind, reason, message, fromMs, ask } = trouble;
  const word = ask === undefined ? undefined : ofNow(words?.[ask], nowMs);
  const ageMs = word?.atMs === undefined ? 0 : nowMs - word.atMs;
  const said = ageMs > WORDS_FRESH_MS ? { saidSecondsAgo: Math.round(ageMs / 1000) } : {};
  // The event names the cause, and needs no patience.
  if (word !== undefined && ask === 'making') return { kind, reason: word.reason, message: word.message, ...said };
  if (fromMs !== undefined && nowMs < fromMs) return undefined;
  return word === undefined
    ? { kind, reason, message }
    : { kind, reason, message: `${message}: ${word.message}`, ...said };
};

/** One per kind and reason. */
const podProblems = (
  pods: readonly PodRecord[],
  words: ReadonlyMap<string, PodWords>,
  nowMs: number,
): readonly Told[] => {
  const byReason = new Map<string, Told>();
  for (const { trouble, metadata } of pods) {
    const told = trouble === undefined ? undefined : toldOf(trouble, words.get(metadata.uid), nowMs);
    if (told === undefined || !isToldKind(told.kind)) continue;
    const key = `${told.kind} ${told.reason}`;
    const known = byReason.get(key);
    byReason.set(
      key,
      known === undefined ? { ...told, kind: told.kind, replicas: 1 } : { ...known, replicas: known.replicas + 1 },
    );
  }
  return [...byReason.values()];
};

export interface TierSeen {
  readonly deployment: KubeObject;
  /** Of the tier, those that end or have ended as well. */
  readonly pods: readonly PodRecord[];
  /** By pod uid: what only events say. */
  readonly words: ReadonlyMap<string, PodWords>;
  /** The namespace's quotas as the API server lists them; undefined: nobody looked. */
  readonly quotas?: unknown;
  readonly nowMs: number;
  /** For how long its controller has said nothing of what it has not done. */
  readonly unansweredMs?: number;
}

/**
 * Pods that have ended, or should have, are trouble only while replicas are missing: those that serve are what counts.
 * A rollout that was given up is told where nothing else says why.
 */
export const tierProblems = ({
  deployment,
  pods,
  words,
  quotas,
  nowMs,
  unansweredMs,
}: TierSeen): readonly TierProblem[] => {
  const standing = pods.filter(({ isTerminating, isOver }) => !isTerminating && !isOver);
  const ready = standing.filter(({ observed }) => observed.ready).length;
  const gone = pods.filter(
    ({ isTerminating, isOver, endedAtMs }) =>
      isTerminating || (isOver && endedAtMs !== undefined && nowMs - endedAtMs <= ENDED_COUNTS_MS),
  );
  const problems = [
    ...creationProblems(deployment, quotas, nowMs, unansweredMs),
    ...unschedulableProblem(standing),
    ...lostProblem(standing),
    ...podProblems(standing, words, nowMs),
    ...(ready < replicasOf(deployment) ? podProblems(gone, words, nowMs) : []),
  ];
  const rollout = problems.length === 0 ? rolloutProblem(deployment) : undefined;
  return rollout === undefined ? problems : [rollout];
};

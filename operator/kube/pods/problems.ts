/** Why a tier's pods are missing or do not serve, from controllers, scheduler, kubelet and quotas. Pure. */
import type { TierProblem } from '../../tick/tier-problem.ts';
import type { KubeObject } from '../objects.ts';
import { creationProblems, rolloutProblem } from './creation-problems.ts';
import { deploymentOf } from './deployment-status.ts';
import type { PodWord, PodWords } from './mount-failures.ts';
import type { PodTrouble } from './pod-trouble.ts';
import type { PodRecord } from './pods.ts';
import { parseQuantity } from './quantity.ts';

type Amount = { readonly resource: string; readonly amount: number };

/** The pods that one node has room for, as far as running ones show it. */
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
  const mostOnANode = mostTogether(pods);
  return [
    {
      kind: 'unschedulable',
      replicas: waiting.length,
      missing: [sum('cpu'), sum('memory')],
      message: first.trouble?.message ?? '',
      ...(mostOnANode === 0 ? {} : { mostOnANode }),
    },
  ];
};

const lostProblem = (pods: readonly PodRecord[]): readonly TierProblem[] => {
  const lost = pods.filter(({ observed }) => observed.isLost === true);
  const nodes = [...new Set(lost.flatMap(({ nodeName }) => (nodeName === undefined ? [] : [nodeName])))].sort();
  return lost.length === 0 ? [] : [{ kind: 'lost', replicas: lost.length, nodes }];
};

/** A kubelet repeats a message every two minutes at the latest, and a probe's output every five. */
const WORDS_COUNT_MS = 360_000;
/** Older messages are shown with their age. */
const WORDS_FRESH_MS = 30_000;
/** A pod that ended longer ago has been replaced. */
const ENDED_COUNTS_MS = 60_000;

type PodProblem = Extract<TierProblem, { readonly kind: 'not_starting' | 'not_ready' | 'ended' | 'not_ending' }>;

const ofNow = (word: PodWord | undefined, nowMs: number): PodWord | undefined =>
  word === undefined || (word.atMs !== undefined && nowMs - word.atMs > WORDS_COUNT_MS) ? undefined : word;

/** What is reported of a pod now; undefined while it may pass by itself, and for kinds with a problem of their own. */
const problemOf = (
  trouble: PodTrouble | undefined,
  words: PodWords | undefined,
  nowMs: number,
): Omit<PodProblem, 'replicas'> | undefined => {
  if (trouble === undefined || trouble.kind === 'unschedulable' || trouble.kind === 'lost') return undefined;
  const { kind, reason, message, fromMs, ask } = trouble;
  const word = ask === undefined ? undefined : ofNow(words?.[ask], nowMs);
  const ageMs = word?.atMs === undefined ? 0 : nowMs - word.atMs;
  const said = ageMs > WORDS_FRESH_MS ? { saidSecondsAgo: Math.round(ageMs / 1000) } : {};
  // The event gives the cause, so it is reported at once.
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
): readonly PodProblem[] => {
  const byReason = new Map<string, PodProblem>();
  for (const { trouble, metadata } of pods) {
    const problem = problemOf(trouble, words.get(metadata.uid), nowMs);
    if (problem === undefined) continue;
    const key = `${problem.kind} ${problem.reason}`;
    const known = byReason.get(key);
    byReason.set(key, { ...(known ?? problem), replicas: (known?.replicas ?? 0) + 1 });
  }
  return [...byReason.values()];
};

export interface TierSeen {
  readonly deployment: KubeObject;
  /** Of the tier, also those that end or have ended. */
  readonly pods: readonly PodRecord[];
  /** By pod uid: what only events tell. */
  readonly words: ReadonlyMap<string, PodWords>;
  /** The API server's list of the namespace's quotas; undefined: not read. */
  readonly quotas?: unknown;
  readonly nowMs: number;
  /** For how long its controller has not acted. */
  readonly unansweredMs?: number;
}

/** Ended pods are trouble only while replicas are missing; a rollout that was given up, where nothing else is. */
export const tierProblems = (seen: TierSeen): readonly TierProblem[] => {
  const { deployment, pods, words, quotas, nowMs, unansweredMs } = seen;
  const running = pods.filter(({ isTerminating, isOver }) => !isTerminating && !isOver);
  const ready = running.filter(({ observed }) => observed.ready).length;
  const gone = pods.filter(
    ({ isTerminating, isOver, endedAtMs }) =>
      isTerminating || (isOver && endedAtMs !== undefined && nowMs - endedAtMs <= ENDED_COUNTS_MS),
  );
  const problems = [
    ...creationProblems(deployment, quotas, nowMs, unansweredMs),
    ...unschedulableProblem(running),
    ...lostProblem(running),
    ...podProblems(running, words, nowMs),
    ...(ready < deploymentOf(deployment).spec.replicas ? podProblems(gone, words, nowMs) : []),
  ];
  const rollout = problems.length === 0 ? rolloutProblem(deployment) : undefined;
  return rollout === undefined ? problems : [rollout];
};

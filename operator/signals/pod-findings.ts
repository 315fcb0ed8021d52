/** What pods report about journal and database, read from their metrics pages and summed up over a tier. Pure. */
import { METRICS } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import { DATABASE_STATES, JOURNAL_STATES } from '../../contract/dependency.ts';
import type { ObservedPod } from '../tick/cluster-view.ts';
import type { MetricSample } from './metrics-text.ts';
import type { FailingPods, IntakesView, WorkersView } from './pod-views.ts';

export const FINDING_METRICS = [
  METRICS.dependency,
  METRICS.recentPublishes,
  METRICS.recordsInHand,
  METRICS.privacyKeys,
] as const;

interface Finding<State extends string> {
  readonly state: State;
  readonly seconds: number;
}

export interface PodFinding {
  readonly pod: string;
  readonly journal?: Finding<(typeof JOURNAL_STATES)[number]>;
  readonly database?: Finding<(typeof DATABASE_STATES)[number]>;
  readonly stored: number;
  readonly failed: number;
  readonly inHandSeconds: number;
  readonly privacyKeys?: number;
}

const sum = (samples: readonly MetricSample[]): number => samples.reduce((total, { value }) => total + value, 0);

/** A state of a newer pod that this operator does not know counts as none. */
const of = <State extends string>(
  samples: readonly MetricSample[],
  dependency: string,
  states: readonly State[],
): Finding<State> | undefined => {
  const sample = samples.find(({ labels }) => labels['dependency'] === dependency);
  const state = states.find((known) => known === sample?.labels['state']);
  return sample === undefined || state === undefined ? undefined : { state, seconds: sample.value };
};

/** Undefined for an older pod without these metrics. */
export const findingOf = (
  pod: string,
  families: ReadonlyMap<string, readonly MetricSample[]>,
): PodFinding | undefined => {
  const dependencies = families.get(METRICS.dependency) ?? [];
  const journal = of(dependencies, 'journal', JOURNAL_STATES);
  const database = of(dependencies, 'database', DATABASE_STATES);
  if (journal === undefined && database === undefined) return undefined;
  const publishes = families.get(METRICS.recentPublishes) ?? [];
  const stored = publishes.filter(({ labels }) => labels['outcome'] === 'answers');
  return {
    pod,
    ...defined({ journal, database }),
    stored: sum(stored),
    failed: sum(publishes) - sum(stored),
    inHandSeconds: families.get(METRICS.recordsInHand)?.[0]?.value ?? 0,
    ...defined({ privacyKeys: families.get(METRICS.privacyKeys)?.[0]?.value }),
  };
};

/** `[silent 3 pods, full 1 pod]`: the most frequent first, then by name, so that the message does not change in every tick. */
const failing = <State extends string>(
  found: readonly { readonly pod: string; readonly finding: Finding<State | 'answers' | 'unknown'> | undefined }[],
): readonly FailingPods<Exclude<State, 'answers' | 'unknown'>>[] => {
  type Trouble = Exclude<State, 'answers' | 'unknown'>;
  const isTrouble = (state: State | 'answers' | 'unknown'): state is Trouble =>
    state !== 'answers' && state !== 'unknown';
  const byState = new Map<Trouble, FailingPods<Trouble>>();
  for (const { pod, finding } of found) {
    if (finding === undefined || !isTrouble(finding.state)) continue;
    const { state, seconds } = finding;
    const known = byState.get(state);
    byState.set(state, {
      state,
      pods: (known?.pods ?? 0) + 1,
      example: known === undefined || pod < known.example ? pod : known.example,
      seconds: Math.max(known?.seconds ?? 0, seconds),
    });
  }
  return [...byState.values()].sort((a, b) => b.pods - a.pods || (a.state < b.state ? -1 : 1));
};

/** Those of Ready pods; where none is, of those that start, for they may report the cause. */
const thatCount = (findings: readonly PodFinding[], pods: readonly ObservedPod[]): readonly PodFinding[] => {
  const ready = new Set(pods.filter((pod) => pod.ready).map(({ name }) => name));
  return findings.filter(({ pod }) => ready.size === 0 || ready.has(pod));
};

export const intakesViewOf = (
  findings: readonly PodFinding[],
  pods: readonly ObservedPod[],
): IntakesView | undefined => {
  const counted = thatCount(findings, pods).filter(({ journal }) => journal !== undefined);
  if (counted.length === 0) return undefined;
  const keys = counted.map(({ privacyKeys }) => privacyKeys);
  return {
    pods: counted.length,
    known: counted.filter(({ journal }) => journal?.state !== 'unknown').length,
    failing: failing(counted.map(({ pod, journal }) => ({ pod, finding: journal }))),
    stored: counted.reduce((total, { stored }) => total + stored, 0),
    failed: counted.reduce((total, { failed }) => total + failed, 0),
    ...(keys.every((count) => count !== undefined) ? { privacyKeys: Math.max(...keys) } : {}),
  };
};

export const workersViewOf = (
  findings: readonly PodFinding[],
  pods: readonly ObservedPod[],
): WorkersView | undefined => {
  const counted = thatCount(findings, pods);
  if (counted.length === 0) return undefined;
  return {
    pods: counted.length,
    known: counted.filter(({ database }) => database !== undefined && database.state !== 'unknown').length,
    database: failing(counted.map(({ pod, database }) => ({ pod, finding: database }))),
    journal: failing(counted.map(({ pod, journal }) => ({ pod, finding: journal }))),
    inHandSeconds: Math.max(...counted.map(({ inHandSeconds }) => inHandSeconds)),
  };
};

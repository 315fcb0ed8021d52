/** Whether an outside system is asked by all pods, or by one that probes it. Pure; times are monotonic. */
import type { TargetShares } from '../../contract/outside/outside.ts';
import type { HaltReason } from './halt.ts';
import { requestsOf, type Seen, type SeenTarget } from './seen.ts';

/** A report this old says nothing about now. */
const REPORT_STALE_MS = 5_000;
/** An answer this old does not show that the system answers now. */
const ANSWERED_WITHIN_MS = 10_000;
/** A pod that probes for this long is followed by the next: it may be the pod that is broken. */
const PROBE_TURN_MS = 30_000;
/** One pod that is refused while others are answered gets no share for so long, and then tries again. */
const REFUSED_AGAIN_MS = 60_000;

export type StopReason = 'refused' | 'failing';

export interface Probe {
  readonly pod: string;
  readonly sinceMs: number;
  /** Its requests when its turn began. Absent: it had not reported. */
  readonly requests?: number;
}

export interface StopMemory {
  readonly probe?: Probe;
  /** When the system answered the probe. What was refused or failed before that says nothing about now. */
  readonly liftedAtMs?: number;
}

export interface Stop {
  readonly stopped: TargetShares['stopped'] | undefined;
  /** Pods that each get an equal share; while it is stopped, the one that probes. */
  readonly sharers: readonly string[];
  /** Pods that get none because it refuses them, and answers others. */
  readonly refusedPods: readonly string[];
  readonly memory: StopMemory;
}

interface StopInput {
  readonly target: string;
  /** Ready, by name. */
  readonly pods: readonly string[];
  readonly seen: Seen;
  readonly before: TargetShares | undefined;
  readonly memory: StopMemory;
  readonly nowMs: number;
  /** For `since`. */
  readonly wallMs: number;
}

type Reported = readonly (readonly [pod: string, seen: SeenTarget])[];

const reportedOf = ({ target, pods, seen, nowMs }: StopInput): Reported =>
  pods.flatMap((pod) => {
    const of = seen[pod]?.[target];
    return of === undefined || nowMs - of.reportedAtMs > REPORT_STALE_MS ? [] : [[pod, of] as const];
  });

/** What was before it was last lifted says nothing about now. */
const isSince = (atMs: number, { memory: { liftedAtMs = 0 } }: StopInput): boolean => atMs > liftedAtMs;

/** A pod whose share was taken for that reason may report no_share instead. */
const isRefused = ({ blocked, refusedAtMs = 0, answeredAtMs = 0 }: SeenTarget, input: StopInput): boolean =>
  (blocked.includes('refused') || (blocked.includes('no_share') && answeredAtMs < refusedAtMs)) &&
  isSince(refusedAtMs, input) &&
  input.nowMs - refusedAtMs < REFUSED_AGAIN_MS;

const isFailing = ({ blocked, failedAtMs = 0 }: SeenTarget, input: StopInput): boolean =>
  blocked.includes('failing') && isSince(failedAtMs, input);

/**
 * | pods that report          | others                               | stopped  |
 * |---------------------------|--------------------------------------|----------|
 * | one or more are refused   | none was answered in the last 10 s   | refused  |
 * | one or more are refused   | one was answered in the last 10 s    | no; those that are refused get no share for a minute |
 * | two or more fail, and at least half | any                        | failing  |
 * | one fails, and is the only Ready pod | –                         | failing  |
 * | one fails of several      | any                                  | no: its breaker keeps it from asking |
 */
const reasonOf = (input: StopInput, reported: Reported): StopReason | undefined => {
  const refused = reported.filter(([, seen]) => isRefused(seen, input));
  const isAnswered = reported.some(
    ([, seen]) =>
      !isRefused(seen, input) &&
      seen.answeredAtMs !== undefined &&
      input.nowMs - seen.answeredAtMs <= ANSWERED_WITHIN_MS,
  );
  if (refused.length > 0 && !isAnswered) return 'refused';
  const failing = reported.filter(([, seen]) => isFailing(seen, input)).length;
  const isOnly = failing === 1 && input.pods.length === 1;
  return isOnly || (failing >= 2 && failing * 2 >= reported.length) ? 'failing' : undefined;
};

const probeOf = (pod: string, { seen, target, nowMs }: StopInput): Probe => {
  const known = seen[pod]?.[target];
  return { pod, sinceMs: nowMs, ...(known === undefined ? {} : { requests: requestsOf(known) }) };
};

/** First a pod that reports no trouble. Then the next one by name each 30 s, or when it is gone. */
const nextProbe = (input: StopInput, reported: Reported): Probe | undefined => {
  const { pods, memory, before, nowMs } = input;
  const { probe } = memory;
  if (probe !== undefined && pods.includes(probe.pod) && nowMs - probe.sinceMs < PROBE_TURN_MS) return probe;
  const inTrouble = new Set(
    reported.flatMap(([pod, seen]) => (isRefused(seen, input) || isFailing(seen, input) ? [pod] : [])),
  );
  // Of a new leader: the pod that the leader before chose.
  const inherited = before?.stopped === undefined ? undefined : pods.find((pod) => (before.perSecond[pod] ?? 0) > 0);
  const next =
    probe === undefined
      ? (inherited ?? pods.find((pod) => !inTrouble.has(pod)) ?? pods[0])
      : (pods.find((pod) => pod > probe.pod) ?? pods[0]);
  return next === undefined ? undefined : probeOf(next, input);
};

/** It was answered in its turn; or it had nothing to ask in all of its turn, and reports no trouble. */
const isLifted = ({ memory: { probe }, target, seen, nowMs }: StopInput): boolean => {
  const known = probe === undefined ? undefined : seen[probe.pod]?.[target];
  if (probe === undefined || known === undefined) return false;
  if (known.blocked.includes('refused') || known.blocked.includes('failing')) return false;
  const isAnswered = known.answeredAtMs !== undefined && known.answeredAtMs > probe.sinceMs;
  const isIdle = nowMs - probe.sinceMs >= PROBE_TURN_MS && requestsOf(known) === probe.requests;
  return isAnswered || isIdle;
};

/** No pod asks it, and none probes it, until that is over. @param auditors pods that may ask it all the same */
export const halted = (
  reason: HaltReason,
  before: TargetShares | undefined,
  auditors: readonly string[],
  wallMs: number,
): Stop => {
  const known = before?.stopped?.reason === reason ? before.stopped : undefined;
  return {
    stopped: known ?? { reason, since: new Date(wallMs).toISOString() },
    sharers: auditors,
    refusedPods: [],
    memory: {},
  };
};

export const stopOf = (input: StopInput): Stop => {
  const { pods, before, memory, nowMs, wallMs } = input;
  const reported = reportedOf(input);
  const isLiftedNow = before?.stopped !== undefined && isLifted(input);
  const reason = reasonOf(input, reported);
  if (isLiftedNow || (before?.stopped === undefined && reason === undefined)) {
    const since = isLiftedNow ? { ...input, memory: { liftedAtMs: nowMs } } : input;
    const refusedPods = reported.flatMap(([pod, seen]) => (isRefused(seen, since) ? [pod] : []));
    const sharers = pods.filter((pod) => !refusedPods.includes(pod));
    const { liftedAtMs } = since.memory;
    return { stopped: undefined, sharers, refusedPods, memory: liftedAtMs === undefined ? {} : { liftedAtMs } };
  }
  const probe = nextProbe(input, reported);
  const { liftedAtMs } = memory;
  return {
    stopped: before?.stopped ?? { reason: reason ?? 'failing', since: new Date(wallMs).toISOString() },
    sharers: probe === undefined ? [] : [probe.pod],
    refusedPods: [],
    memory: { ...(probe === undefined ? {} : { probe }), ...(liftedAtMs === undefined ? {} : { liftedAtMs }) },
  };
};

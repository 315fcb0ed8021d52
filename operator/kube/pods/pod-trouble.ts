/**
 * Why a pod does not become Ready, from its own status. Pure. Reasons are those of Kubernetes where it has one:
 * the kubelet's (pkg/kubelet: images/types.go, container/sync_result.go, kuberuntime_container.go, lifecycle, eviction,
 * preemption, nodeshutdown), the scheduler's and the node controller's, v1.36. An unknown reason is reported as well: the
 * table says what passes by itself, everything else is trouble. docs/conditions.md is the same table for people.
 *
 * | the pod                                                  | kind          | reason                               | reported   |
 * |----------------------------------------------------------|---------------|--------------------------------------|------------|
 * | is being deleted, and its grace is over                  | not_ending    | Terminating                          | after 30 s |
 * | phase Failed: Evicted, Preempting, OutOfcpu, NodeAffinity, UnexpectedAdmissionError, NodeShutdown, DeadlineExceeded, OOMKilled, Error, ContainerCannotRun, … | ended | that reason | at once, for a minute |
 * | Ready                                                    | none          |                                      |            |
 * | phase Unknown, reason NodeLost, or Ready was removed by the node controller | lost | NodeLost | at once    |
 * | a scheduling gate                                        | not_starting  | SchedulingGated                      | after 5 s  |
 * | PodScheduled False: no node, SchedulerError              | unschedulable | that reason                          | at once    |
 * | no scheduler has processed it                            | not_starting  | NotScheduled                         | after 10 s |
 * | has a node, whose kubelet has not reported               | not_starting  | NotTakenUp                           | after 15 s |
 * | an init container waits for something that does not pass: ErrImagePull, ImagePullBackOff, InvalidImageName, ErrImageNeverPull, ImageInspectError, CreateContainerConfigError, CreateContainerError, RunContainerError, CrashLoopBackOff, PostStartHookError, … | not_starting | that reason | at once |
 * | an init container or a container has ended: OOMKilled, Error, ContainerCannotRun, StartError, DeadlineExceeded, Completed | not_starting | that reason | at once |
 * | an init container runs on and on, a sidecar does not start | not_starting | InitContainerRunning, SidecarNotStarted | after 30 s |
 * | a container waits for something that does not pass       | not_starting  | that reason                          | at once    |
 * | containers are being created: images, volumes, sandbox   | not_starting  | ContainerCreating, or an event's reason (mount-failures.ts) | after 60 s, an event's after 5 s |
 * | runs, and its startup probe has not passed               | not_ready     | StartupProbe                         | after 30 s |
 * | runs, and its readiness probe fails                      | not_ready     | ReadinessProbe                       | after 15 s, 5 s for one that was Ready |
 * | runs, and a readiness gate is not passed                 | not_ready     | ReadinessGatesNotReady               | after 10 s |
 */
import type { ContainerEnd, ContainerStatus, PodCondition, TroubledPod } from './pod-status.ts';

export type PodTroubleKind = 'unschedulable' | 'not_starting' | 'not_ready' | 'lost' | 'ended' | 'not_ending';

export interface PodTrouble {
  readonly kind: PodTroubleKind;
  readonly reason: string;
  readonly message: string;
  /** It may pass by itself, and is trouble from this instant on only. Absent: at once. */
  readonly fromMs?: number;
  /** Only events tell more. */
  readonly ask?: 'making' | 'probes';
}

/** Waiting that passes by itself. */
const PASSING: readonly string[] = ['', 'ContainerCreating', 'PodInitializing'];

const AFTER_MS = {
  grace: 30_000,
  gate: 5_000,
  scheduler: 10_000,
  kubelet: 15_000,
  init: 30_000,
  making: 60_000,
  startup: 30_000,
  /** Of a pod that starts; one that was Ready before is reported sooner. */
  readiness: 15_000,
  readyBefore: 5_000,
  readinessGate: 10_000,
} as const;

const atMs = (text: string | null | undefined): number | undefined => (text ? Date.parse(text) : undefined);
const latest = (...instants: readonly (number | undefined)[]): number =>
  Math.max(0, ...instants.filter((instant) => instant !== undefined));

const endText = ({ reason, exitCode, message }: ContainerEnd): string =>
  [reason || 'ended', `exit code ${exitCode}`, message.trim()].filter((part) => part !== '').join(', ');

/** The container's own trouble, without its effect on the pod; `what` is `container` or `init container`. */
const containerTrouble = (what: string, { name, state, lastState }: ContainerStatus): PodTrouble | undefined => {
  const { waiting } = state;
  if (waiting !== undefined && !PASSING.includes(waiting.reason)) {
    const last = lastState.terminated;
    const before = last === undefined ? '' : `; before that it ended: ${endText(last)}`;
    // With the cause of the crash.
    const cause = last === undefined || last.reason === '' ? '' : ` (${last.reason})`;
    const reason = `${waiting.reason}${waiting.reason === 'CrashLoopBackOff' ? cause : ''}`;
    return { kind: 'not_starting', reason, message: `${what} ${name}: ${waiting.message}${before}` };
  }
  if (state.terminated === undefined) return undefined;
  const reason = state.terminated.reason || 'Error';
  return { kind: 'not_starting', reason, message: `${what} ${name}: ${endText(state.terminated)}` };
};

const initTrouble = ({ spec, status }: TroubledPod): PodTrouble | undefined => {
  for (const { name, restartPolicy } of spec.initContainers) {
    const found = status.initContainerStatuses.find((one) => one.name === name);
    if (found === undefined) return undefined;
    const { state, started } = found;
    const isSidecar = restartPolicy === 'Always';
    const isDone = isSidecar ? started === true : state.terminated?.exitCode === 0;
    if (isDone) continue;
    const trouble = containerTrouble('init container', found);
    if (trouble !== undefined) return trouble;
    if (state.running === undefined) return undefined;
    const startedAtMs = latest(atMs(state.running.startedAt));
    return {
      kind: 'not_starting',
      reason: isSidecar ? 'SidecarNotStarted' : 'InitContainerRunning',
      message: `init container ${name} ${isSidecar ? 'has not passed its startup probe' : 'runs and does not end'}; the containers after it wait`,
      fromMs: startedAtMs + AFTER_MS.init,
      ask: 'probes',
    };
  }
  return undefined;
};

const runningTrouble = ({ status }: TroubledPod, ready: PodCondition | undefined): PodTrouble | undefined => {
  const waiting = status.containerStatuses.find(({ ready: isReady }) => !isReady);
  const lostAtMs = atMs(ready?.lastTransitionTime);
  if (waiting === undefined) {
    if (ready?.reason !== 'ReadinessGatesNotReady') return undefined;
    const fromMs = latest(lostAtMs) + AFTER_MS.readinessGate;
    return { kind: 'not_ready', reason: ready.reason, message: ready.message ?? '', fromMs };
  }
  const { name, started, state } = waiting;
  if (state.running === undefined) return undefined;
  const startedAtMs = latest(atMs(state.running.startedAt));
  // The condition is False from the beginning; if it changed later, it was True in between.
  const wasReady = latest(lostAtMs) > startedAtMs + 1_000;
  return started === false
    ? {
        kind: 'not_ready',
        reason: 'StartupProbe',
        message: `container ${name} runs and its startup probe has not passed`,
        fromMs: startedAtMs + AFTER_MS.startup,
        ask: 'probes',
      }
    : {
        kind: 'not_ready',
        reason: 'ReadinessProbe',
        message: `container ${name} runs and its readiness probe fails`,
        fromMs: wasReady ? latest(lostAtMs) + AFTER_MS.readyBefore : startedAtMs + AFTER_MS.readiness,
        ask: 'probes',
      };
};

/** Not scheduled, or scheduled to a node that does not start it. */
const placeTrouble = (
  { spec, status }: TroubledPod,
  scheduled: PodCondition | undefined,
  createdAtMs: number,
): PodTrouble | undefined => {
  if (spec.nodeName !== undefined) {
    const isTakenUp = status.containerStatuses.length + status.initContainerStatuses.length > 0;
    return isTakenUp || status.phase !== 'Pending'
      ? undefined
      : {
          kind: 'not_starting',
          reason: 'NotTakenUp',
          message: `the kubelet of node ${spec.nodeName} has not started it`,
          fromMs: latest(createdAtMs, atMs(scheduled?.lastTransitionTime)) + AFTER_MS.kubelet,
          ask: 'making',
        };
  }
  const gates = spec.schedulingGates.map(({ name }) => name);
  if (gates.length > 0) {
    const message = `scheduling gates hold it: ${gates.join(', ')}. The controller that set them must remove them`;
    return { kind: 'not_starting', reason: 'SchedulingGated', message, fromMs: createdAtMs + AFTER_MS.gate };
  }
  if (scheduled?.status === 'False') {
    return { kind: 'unschedulable', reason: scheduled.reason ?? 'Unschedulable', message: scheduled.message ?? '' };
  }
  return status.phase === 'Pending' && status.containerStatuses.length === 0
    ? {
        kind: 'not_starting',
        reason: 'NotScheduled',
        message: 'no scheduler has processed it: is kube-scheduler running?',
        fromMs: createdAtMs + AFTER_MS.scheduler,
      }
    : undefined;
};

const endedTrouble = ({ status }: TroubledPod): PodTrouble => {
  const ends = [...status.containerStatuses, ...status.initContainerStatuses].flatMap(({ name, state }) =>
    state.terminated === undefined || state.terminated.exitCode === 0 ? [] : [{ name, ...state.terminated }],
  );
  const [first] = ends;
  const disrupted = status.conditions.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  const reason = status.reason || first?.reason || disrupted?.reason || 'Failed';
  const message =
    status.message || (first === undefined ? (disrupted?.message ?? '') : `container ${first.name}: ${endText(first)}`);
  return { kind: 'ended', reason, message };
};

/** When a finished pod ended, as far as its status tells. */
export const endedAtMs = ({ status }: TroubledPod, createdAtMs: number): number =>
  latest(
    createdAtMs,
    atMs(status.startTime),
    ...status.conditions.map(({ lastTransitionTime }) => atMs(lastTransitionTime)),
    ...status.containerStatuses.map(({ state }) => atMs(state.terminated?.finishedAt)),
  );

/**
 * The node controller sets `Ready` without a reason; a kubelet always gives one (pkg/controller/util/node,
 * MarkPodsNotReady; pkg/kubelet/status/generate.go). The container states are unchanged.
 */
export const isLost = ({ spec, status }: TroubledPod): boolean => {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  if (spec.nodeName === undefined) return false;
  if (status.phase === 'Unknown' || status.reason === 'NodeLost') return true;
  const containers = status.conditions.find(({ type }) => type === 'ContainersReady');
  return ready !== undefined && ready.status !== 'True' && !ready.reason && containers?.status !== 'False';
};

/** Undefined for a pod that is Ready, or may become so. The first row of the table that holds. */
export const podTrouble = (
  pod: TroubledPod,
  { createdAtMs, endsAtMs }: { readonly createdAtMs: number; readonly endsAtMs: number | undefined },
): PodTrouble | undefined => {
  const { spec, status } = pod;
  const condition = (type: string): PodCondition | undefined => status.conditions.find((one) => one.type === type);
  const ready = condition('Ready');
  if (endsAtMs !== undefined) {
    const where = spec.nodeName === undefined ? '' : ` on node ${spec.nodeName}`;
    const message = `its grace period is over and it still exists${where}`;
    return { kind: 'not_ending', reason: 'Terminating', message, fromMs: endsAtMs + AFTER_MS.grace };
  }
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return endedTrouble(pod);
  if (ready?.status === 'True') return undefined;
  if (isLost(pod)) {
    return { kind: 'lost', reason: 'NodeLost', message: `node ${spec.nodeName} does not answer` };
  }
  const bad = status.containerStatuses
    .map((one) => containerTrouble('container', one))
    .find((one) => one !== undefined);
  const made = status.containerStatuses.some(({ state }) => state.waiting !== undefined);
  return (
    placeTrouble(pod, condition('PodScheduled'), createdAtMs) ??
    initTrouble(pod) ??
    bad ??
    (made
      ? {
          kind: 'not_starting',
          reason: 'ContainerCreating',
          message: 'its containers are being created: images, volumes, network',
          fromMs: createdAtMs + AFTER_MS.making,
          ask: 'making',
        }
      : runningTrouble(pod, ready))
  );
};

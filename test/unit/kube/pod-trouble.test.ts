/** Every way in which a pod is not on its way to Ready, as kubelet, scheduler and node controller of v1.36 write it. */
import { describe, expect, it } from '@jest/globals';
import { troubleSchema } from '../../../operator/kube/pods/pod-status.ts';
import { podTrouble } from '../../../operator/kube/pods/pod-trouble.ts';

const CREATED = '2027-03-01T02:00:00Z';
const CREATED_MS = Date.parse(CREATED);

const at = (seconds: number): string => new Date(CREATED_MS + seconds * 1000).toISOString();
const condition = (type: string, status: string, more: object = {}) => ({
  type,
  status,
  lastProbeTime: null,
  lastTransitionTime: CREATED,
  ...more,
});
const SCHEDULED = condition('PodScheduled', 'True');
const notReady = (reason = 'ContainersNotReady', more: object = {}) =>
  condition('Ready', 'False', { reason, message: 'containers with unready status: [intake]', ...more });
const CONTAINERS_READY = condition('ContainersReady', 'True');

const waiting = (name: string, reason: string, message = '', more: object = {}) => ({
  name,
  ready: false,
  started: false,
  restartCount: 0,
  state: { waiting: { reason, message } },
  lastState: {},
  ...more,
});
const running = (name: string, more: object = {}) => ({
  name,
  ready: true,
  started: true,
  restartCount: 0,
  state: { running: { startedAt: CREATED } },
  lastState: {},
  ...more,
});
const terminated = (name: string, reason: string, exitCode: number, message = '') => ({
  name,
  ready: false,
  started: false,
  restartCount: 1,
  state: { terminated: { reason, exitCode, message, startedAt: CREATED, finishedAt: at(2) } },
  lastState: {},
});

interface Case {
  readonly spec?: object;
  readonly status: object;
  readonly endsAtMs?: number;
  /** `kind reason`; undefined: none. */
  readonly want: string | undefined;
  /** Seconds after creation from which it is told; undefined: at once. */
  readonly from?: number;
  readonly message?: RegExp;
}

const pending = (status: object) => ({ phase: 'Pending', conditions: [SCHEDULED, notReady()], ...status });
const runs = (status: object) => ({ phase: 'Running', conditions: [SCHEDULED, notReady()], ...status });
const NODE = { nodeName: 'node-a' };
const INIT = { ...NODE, initContainers: [{ name: 'wait' }, { name: 'mesh', restartPolicy: 'Always' }] };

const KUBELET_WAITS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PostStartHookError',
  'PreStartHookError',
  'CreatePodSandboxError',
  'ResizePodInPlaceError',
  'AWordOfALaterKubernetes',
];
const KUBELET_REFUSES = [
  'OutOfcpu',
  'OutOfmemory',
  'OutOfpods',
  'NodeAffinity',
  'NodePorts',
  'UnexpectedAdmissionError',
  'AppArmor',
  'NodeShutdown',
  'TopologyAffinityError',
  'Evicted',
  'Preempting',
  'Terminated',
  'DeadlineExceeded',
];

const CASES: Readonly<Record<string, Case>> = {
  'one that is Ready': {
    spec: NODE,
    status: { phase: 'Running', conditions: [condition('Ready', 'True')], containerStatuses: [running('intake')] },
    want: undefined,
  },
  'one that nobody has looked at': {
    status: { phase: 'Pending' },
    want: 'not_starting NotScheduled',
    from: 10,
    message: /kube-scheduler/,
  },
  'no node': {
    status: {
      phase: 'Pending',
      conditions: [
        condition('PodScheduled', 'False', {
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 3 Insufficient cpu.',
        }),
      ],
    },
    want: 'unschedulable Unschedulable',
    message: /Insufficient cpu/,
  },
  'a scheduler that fails': {
    status: {
      phase: 'Pending',
      conditions: [condition('PodScheduled', 'False', { reason: 'SchedulerError', message: 'binding' })],
    },
    want: 'unschedulable SchedulerError',
  },
  'scheduling gates': {
    spec: { schedulingGates: [{ name: 'example.com/quota' }] },
    status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', { reason: 'SchedulingGated' })] },
    want: 'not_starting SchedulingGated',
    from: 5,
    message: /example\.com\/quota/,
  },
  'a node whose kubelet says nothing': {
    spec: NODE,
    status: { phase: 'Pending', conditions: [SCHEDULED] },
    want: 'not_starting NotTakenUp',
    from: 15,
    message: /node-a/,
  },
  'containers that are being made': {
    spec: NODE,
    status: pending({ containerStatuses: [waiting('intake', 'ContainerCreating')] }),
    want: 'not_starting ContainerCreating',
    from: 60,
  },
  'an init container whose image is not there': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [
        waiting('wait', 'ImagePullBackOff', 'Back-off pulling image "registry.example/nothing:1"'),
        waiting('mesh', 'PodInitializing'),
      ],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting ImagePullBackOff',
    message: /init container wait: Back-off pulling image "registry\.example\/nothing:1"/,
  },
  'an init container that crashes': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [
        waiting('wait', 'CrashLoopBackOff', 'back-off 10s', {
          lastState: { terminated: { reason: 'Error', exitCode: 3, message: '', finishedAt: at(2) } },
        }),
      ],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting CrashLoopBackOff (Error)',
    message: /exit code 3/,
  },
  'an init container that has just failed': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [terminated('wait', 'Error', 1), waiting('mesh', 'PodInitializing')],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting Error',
  },
  'an init container that does not end': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [running('wait', { ready: false }), waiting('mesh', 'PodInitializing')],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting InitContainerRunning',
    from: 30,
    message: /init container wait/,
  },
  'a sidecar that does not start': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [terminated('wait', 'Completed', 0), running('mesh', { started: false, ready: false })],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting SidecarNotStarted',
    from: 30,
    message: /init container mesh/,
  },
  'a sidecar that can’t be pulled': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [terminated('wait', 'Completed', 0), waiting('mesh', 'ErrImagePull', 'not found')],
      containerStatuses: [waiting('intake', 'PodInitializing')],
    }),
    want: 'not_starting ErrImagePull',
    message: /init container mesh: not found/,
  },
  'init containers that are done': {
    spec: INIT,
    status: pending({
      initContainerStatuses: [terminated('wait', 'Completed', 0), running('mesh')],
      containerStatuses: [waiting('intake', 'ErrImagePull', 'not found')],
    }),
    want: 'not_starting ErrImagePull',
    message: /^container intake: not found/,
  },
  'a crash for want of memory': {
    spec: NODE,
    status: runs({
      containerStatuses: [
        waiting('intake', 'CrashLoopBackOff', 'back-off 5m0s restarting failed container', {
          lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, message: '', finishedAt: at(2) } },
        }),
      ],
    }),
    want: 'not_starting CrashLoopBackOff (OOMKilled)',
    message: /back-off 5m0s .*; before that it ended: OOMKilled, exit code 137/,
  },
  'a container that has ended and not yet begun again': {
    spec: NODE,
    status: runs({ containerStatuses: [terminated('intake', 'OOMKilled', 137)] }),
    want: 'not_starting OOMKilled',
  },
  'a command that is not there': {
    spec: NODE,
    status: runs({ containerStatuses: [terminated('intake', 'StartError', 128, 'exec: "intake": not found')] }),
    want: 'not_starting StartError',
    message: /exec: "intake": not found/,
  },
  'a container that can’t run': {
    spec: NODE,
    status: runs({ containerStatuses: [terminated('intake', 'ContainerCannotRun', 127)] }),
    want: 'not_starting ContainerCannotRun',
  },
  'one container of two': {
    spec: NODE,
    status: runs({ containerStatuses: [running('intake'), waiting('proxy', 'ErrImagePull', 'not found')] }),
    want: 'not_starting ErrImagePull',
    message: /container proxy/,
  },
  'a startup probe that has not passed': {
    spec: NODE,
    status: runs({ containerStatuses: [running('intake', { ready: false, started: false })] }),
    want: 'not_ready StartupProbe',
    from: 30,
  },
  'a readiness probe that fails from the start': {
    spec: NODE,
    status: runs({ containerStatuses: [running('intake', { ready: false })] }),
    want: 'not_ready ReadinessProbe',
    from: 15,
  },
  'a readiness probe that fails after an hour': {
    spec: NODE,
    status: {
      phase: 'Running',
      conditions: [SCHEDULED, notReady('ContainersNotReady', { lastTransitionTime: at(3_600) })],
      containerStatuses: [running('intake', { ready: false })],
    },
    want: 'not_ready ReadinessProbe',
    from: 3_605,
  },
  'a readiness gate': {
    spec: NODE,
    status: {
      phase: 'Running',
      conditions: [
        SCHEDULED,
        CONTAINERS_READY,
        condition('Ready', 'False', {
          reason: 'ReadinessGatesNotReady',
          message: 'corresponding condition of pod readiness gate "example.com/balancer" does not exist.',
        }),
      ],
      containerStatuses: [running('intake')],
    },
    want: 'not_ready ReadinessGatesNotReady',
    from: 10,
    message: /example\.com\/balancer/,
  },
  'a node that does not answer': {
    spec: NODE,
    status: {
      phase: 'Running',
      // pkg/controller/util/node, MarkPodsNotReady: the status changes, and nothing else.
      conditions: [SCHEDULED, CONTAINERS_READY, condition('Ready', 'False', { lastTransitionTime: at(90) })],
      containerStatuses: [running('intake')],
    },
    want: 'lost NodeLost',
    message: /node-a/,
  },
  'phase Unknown': {
    spec: NODE,
    status: {
      phase: 'Unknown',
      conditions: [SCHEDULED, condition('Ready', 'Unknown')],
      containerStatuses: [running('intake')],
    },
    want: 'lost NodeLost',
  },
  'one that is thrown out': {
    spec: NODE,
    status: {
      phase: 'Failed',
      reason: 'Evicted',
      message: 'The node was low on resource: ephemeral-storage.',
      conditions: [condition('DisruptionTarget', 'True', { reason: 'TerminationByKubelet' })],
      containerStatuses: [terminated('intake', 'Error', 137)],
    },
    want: 'ended Evicted',
    message: /ephemeral-storage/,
  },
  'one that was preempted': {
    spec: NODE,
    status: {
      phase: 'Failed',
      conditions: [condition('DisruptionTarget', 'True', { reason: 'PreemptionByScheduler', message: 'preempting' })],
    },
    want: 'ended PreemptionByScheduler',
    message: /preempting/,
  },
  'one that ended by itself': {
    spec: NODE,
    status: { phase: 'Failed', containerStatuses: [terminated('intake', 'OOMKilled', 137)] },
    want: 'ended OOMKilled',
  },
  'one that is being deleted in time': {
    spec: NODE,
    status: runs({}),
    endsAtMs: CREATED_MS,
    want: 'not_ending Terminating',
    from: 30,
  },
  ...Object.fromEntries(
    KUBELET_WAITS.map((reason): [string, Case] => [
      `a container that waits: ${reason}`,
      {
        spec: NODE,
        status: pending({ containerStatuses: [waiting('intake', reason, 'why')] }),
        want: `not_starting ${reason}`,
      },
    ]),
  ),
  ...Object.fromEntries(
    KUBELET_REFUSES.map((reason): [string, Case] => [
      `a pod that its node refuses or ends: ${reason}`,
      { spec: NODE, status: { phase: 'Failed', reason, message: 'why' }, want: `ended ${reason}`, message: /why/ },
    ]),
  ),
};

describe('podTrouble', () => {
  it.each(Object.entries(CASES))('%s', (_, { spec = {}, status, endsAtMs, want, from, message = /^/ }) => {
    const found = podTrouble(troubleSchema.parse({ spec, status }), { createdAtMs: CREATED_MS, endsAtMs });
    expect(found && `${found.kind} ${found.reason}`).toBe(want);
    expect(found?.fromMs).toBe(from === undefined ? undefined : CREATED_MS + from * 1000);
    if (want !== undefined) expect(found?.message).toMatch(message);
  });

  it('is silent of a pod that nobody knows anything of', () => {
    expect(podTrouble(troubleSchema.parse({ spec: {} }), { createdAtMs: 0, endsAtMs: undefined })).toBeUndefined();
  });
});

/** Pods that never get Ready, each for another cause, and the operator's reason for it. */
import { LABELS } from '../../contract/names.ts';

export interface TroubledPod {
  readonly spec: object;
  /** `kind reason`. */
  readonly want: string;
}

const container = (more: object) => ({
  name: 'intake',
  imagePullPolicy: 'IfNotPresent',
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    runAsUser: 65_532,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  ...more,
});

/** @param image one that the node has, with node in it */
export const troubledPods = (image: string): Readonly<Record<string, TroubledPod>> => {
  const node = (script: string, more: object = {}) => container({ image, command: ['node', '-e', script], ...more });
  const idle = (more: object = {}) => node('setInterval(() => {}, 1000)', more);
  const never = { exec: { command: ['false'] }, periodSeconds: 1 };
  return {
    'init-image': {
      spec: {
        initContainers: [
          container({ name: 'mesh', image: 'voucher-operator/no-such-image:1', imagePullPolicy: 'Never' }),
        ],
        containers: [idle()],
      },
      want: 'not_starting ErrImageNeverPull',
    },
    'init-crash': {
      spec: { initContainers: [node('process.exit(3)', { name: 'mesh' })], containers: [idle()] },
      want: 'not_starting CrashLoopBackOff (Error)',
    },
    'init-hangs': {
      spec: { initContainers: [idle({ name: 'mesh' })], containers: [idle()] },
      want: 'not_starting InitContainerRunning',
    },
    'sidecar-unready': {
      spec: {
        initContainers: [
          idle({ name: 'mesh', restartPolicy: 'Always', startupProbe: { ...never, failureThreshold: 900 } }),
        ],
        containers: [idle()],
      },
      want: 'not_starting SidecarNotStarted',
    },
    'image-name': {
      spec: { containers: [container({ image: 'No Such Name' })] },
      want: 'not_starting InvalidImageName',
    },
    'image-nowhere': {
      spec: { containers: [container({ image: '127.0.0.1:1/nothing:1' })] },
      want: 'not_starting ImagePullBackOff',
    },
    'config-missing': {
      spec: { containers: [idle({ envFrom: [{ configMapRef: { name: 'missing' } }] })] },
      want: 'not_starting CreateContainerConfigError',
    },
    'secret-missing': {
      spec: {
        containers: [idle({ volumeMounts: [{ name: 'keys', mountPath: '/keys' }] })],
        volumes: [{ name: 'keys', secret: { secretName: 'missing' } }],
      },
      want: 'not_starting FailedMount',
    },
    'no-command': {
      spec: { containers: [container({ image, command: ['/no/such/command'] })] },
      want: 'not_starting CrashLoopBackOff (StartError)',
    },
    crash: { spec: { containers: [node('process.exit(3)')] }, want: 'not_starting CrashLoopBackOff (Error)' },
    hook: {
      spec: { containers: [idle({ lifecycle: { postStart: { exec: { command: ['false'] } } } })] },
      want: 'not_starting PostStartHookError',
    },
    unready: { spec: { containers: [idle({ readinessProbe: never })] }, want: 'not_ready ReadinessProbe' },
    unstarted: {
      spec: { containers: [idle({ startupProbe: { ...never, failureThreshold: 900 } })] },
      want: 'not_ready StartupProbe',
    },
    gate: {
      spec: { readinessGates: [{ conditionType: 'example.com/balancer' }], containers: [idle()] },
      want: 'not_ready ReadinessGatesNotReady',
    },
    'scheduling-gate': {
      spec: { schedulingGates: [{ name: 'example.com/quota' }], containers: [idle()] },
      want: 'not_starting SchedulingGated',
    },
    'no-node': { spec: { nodeSelector: { no: 'where' }, containers: [idle()] }, want: 'unschedulable Unschedulable' },
    'no-scheduler': { spec: { schedulerName: 'nobody', containers: [idle()] }, want: 'not_starting NotScheduled' },
    deadline: { spec: { activeDeadlineSeconds: 2, containers: [idle()] }, want: 'ended DeadlineExceeded' },
  };
};

/** What its node refuses, because the scheduler had no say. */
export const refusedByNode = (image: string, nodeName: string): Readonly<Record<string, TroubledPod>> => ({
  'too-large': {
    spec: { nodeName, containers: [container({ image, resources: { requests: { cpu: '1000' } } })] },
    want: 'ended OutOfcpu',
  },
  'not-here': {
    spec: { nodeName, nodeSelector: { no: 'where' }, containers: [container({ image })] },
    want: 'ended NodeAffinity',
  },
});

export const troubledManifest = (name: string, { spec }: TroubledPod): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    labels: { [LABELS.component]: 'intake', [LABELS.campaign]: 'troubled' },
  },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    ...spec,
  },
});

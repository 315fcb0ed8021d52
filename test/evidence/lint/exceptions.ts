/** What kube-score asks of the chart and does not get, check by check, and why. */

export interface Exception {
  /** kube-score's name of the check: `kube-score list`. */
  readonly check: string;
  /** Which objects, as `KIND NAME` of a release called `vo`; a finding on any other one is a finding. */
  readonly objects: readonly string[];
  readonly why: string;
}

const PODS = [
  'Deployment vo',
  'Pod vo-setup-databases',
  'Pod vo-setup-secrets',
  'Pod vo-test',
  'StatefulSet vo-nats',
  'StatefulSet vo-postgres',
];

export const EXCEPTIONS: readonly Exception[] = [
  {
    check: 'container-resources',
    objects: ['Deployment vo', 'StatefulSet vo-nats', 'StatefulSet vo-postgres'],
    why: 'requests and memory limits are set; a CPU limit would throttle a server in the very minute that it is there for, with cores idle beside it. values.yaml takes one',
  },
  {
    check: 'container-ephemeral-storage-request-and-limit',
    objects: PODS,
    why: 'root file systems are read-only, every emptyDir has a sizeLimit, and the kubelet rotates logs: nothing is left to limit, and a limit that logs could reach would evict a server in the flood',
  },
  {
    check: 'container-image-pull-policy',
    objects: PODS,
    why: 'tags are versions, or digests (image.digest), and never move: "Always" would need the registry for every pod that starts in the flood. image.pullPolicy takes it',
  },
  {
    check: 'container-security-context-user-group-id',
    objects: ['StatefulSet vo-postgres'],
    why: "999 is the user of PostgreSQL's official image, who owns the files in it",
  },
  {
    check: 'pod-probes-identical',
    objects: ['StatefulSet vo-postgres'],
    why: 'both ask whether it takes connections; readiness after 2 s, liveness only after three minutes without an answer, because a restart under load only makes recovery longer',
  },
  {
    check: 'statefulset-has-servicename',
    objects: ['StatefulSet vo-postgres'],
    why: 'its Service has an address of its own on purpose: one replica needs no name for each pod, and clients must not keep the address of a pod that is gone',
  },
  {
    check: 'deployment-has-host-podantiaffinity',
    objects: ['Deployment vo'],
    why: 'replicas are kept apart by topologySpreadConstraints, over nodes and over zones, which kube-score does not look at',
  },
  {
    check: 'pod-networkpolicy',
    objects: ['Pod vo-setup-databases', 'Pod vo-setup-secrets', 'Pod vo-test'],
    why: 'they run for seconds, and vo-setup-secrets before anything else of the release is there, a policy included',
  },
];

/** The generator in a pod of its own, in a namespace of its own: the only one that may mount a folder of this machine. */
import type { Kubernetes } from '../../tools/cluster.ts';
import type { CrowdPlace } from '../stack.ts';
import { DEMO_LABEL } from './platform.ts';

export interface CrowdOptions {
  readonly kubectl: Kubernetes['kubectlCommand'];
  readonly image: string;
  readonly namespace: string;
  /** ClusterIP of the intake Service: a name would be looked up for every connection of the crowd. */
  readonly serviceAddress: string;
  /** Folders of this machine that the pod sees under the same paths: traces, ledger. */
  readonly folders: readonly string[];
}

const CROWD_POD = 'crowd';

export const crowdNamespaceManifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...DEMO_LABEL, 'pod-security.kubernetes.io/enforce': 'privileged' } },
  });

/** `kubectl run -i`: standard input and output of the pod are those of kubectl, and the pod goes when kubectl does. */
export const crowdPlace = (options: CrowdOptions): CrowdPlace => {
  const { kubectl, image, namespace, serviceAddress, folders } = options;
  const volumes = folders.map((path, index) => ({ name: `folder-${index}`, hostPath: { path, type: 'Directory' } }));
  const overrides = {
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      volumes,
      containers: [
        {
          name: CROWD_POD,
          image,
          imagePullPolicy: 'IfNotPresent',
          stdin: true,
          stdinOnce: true,
          env: [{ name: 'VOUCHER_LOAD_SERVICE', value: serviceAddress }],
          // Without a request it would get what nobody else wants, and measure itself.
          resources: { requests: { cpu: '250m' } },
          volumeMounts: volumes.map(({ name, hostPath }) => ({ name, mountPath: hostPath.path })),
          // Root of the pod only, to write the ledger into a folder of whoever started the demo.
          securityContext: { runAsUser: 0, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
  return {
    url: `http://${serviceAddress}`,
    command: kubectl.command,
    args: [
      ...[...kubectl.args, '--namespace', namespace, 'run', CROWD_POD, '--image', image],
      ...['--restart=Never', '--rm', '--stdin', '--quiet', '--pod-running-timeout=60s'],
      ...['--override-type=strategic', '--overrides', JSON.stringify(overrides), '--'],
    ],
  };
};

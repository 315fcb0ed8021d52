/** The load generator in its own pod and namespace, the only namespace that may mount folders of this machine. */
import type { Kubernetes } from '../../tools/cluster.ts';
import type { CrowdPlace } from '../stack.ts';
import { DEMO_LABEL } from './platform.ts';

export interface CrowdOptions {
  readonly kubectl: Kubernetes['kubectlCommand'];
  readonly image: string;
  readonly namespace: string;
  /** ClusterIP of the intake Service: a name would need a DNS query for every connection. */
  readonly serviceAddress: string;
  /** Folders of this machine with traces and ledger, mounted under the same paths. */
  readonly folders: readonly string[];
}

const CROWD_POD = 'crowd';
export const CROWD_NAMESPACE = 'voucher-crowd';

export const crowdNamespaceManifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...DEMO_LABEL, 'pod-security.kubernetes.io/enforce': 'privileged' } },
  });

/** `kubectl run -i`: the pod has the standard input and output of kubectl, and ends with it. */
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
          // Without a request the generator would get too little CPU and measure its own limits.
          resources: { requests: { cpu: '250m' } },
          volumeMounts: volumes.map(({ name, hostPath }) => ({ name, mountPath: hostPath.path })),
          // Root in the pod only, to write the ledger into the user's folder.
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

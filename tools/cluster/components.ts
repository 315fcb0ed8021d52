/** The cluster's processes and their command lines. */
import { join } from 'node:path';
import { API_PORT, apiUrl } from './config.ts';
import type { Addresses, Place } from './place.ts';
import type { ProcessSpec } from './processes.ts';

const kubeconfigOf = (place: Place, user: string): string => join(place.config, `${user}.kubeconfig`);
/** One instance only, so it elects no leader. */
const controllerFlags = (place: Place, user: string): readonly string[] => [
  `--kubeconfig=${kubeconfigOf(place, user)}`,
  `--authentication-kubeconfig=${kubeconfigOf(place, user)}`,
  `--authorization-kubeconfig=${kubeconfigOf(place, user)}`,
  ...['--bind-address=127.0.0.1', '--leader-elect=false', '--profiling=false'],
];
const pki = (place: Place, file: string): string => join(place.pki, file);

export const etcd = (place: Place): ProcessSpec => ({
  name: 'etcd',
  command: [
    join(place.bin, 'etcd'),
    `--name=${place.name}`,
    `--data-dir=${join(place.dir, 'etcd')}`,
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--initial-advertise-peer-urls=http://127.0.0.1:2380',
    `--initial-cluster=${place.name}=http://127.0.0.1:2380`,
    '--log-level=warn',
    // Objects survive a kill of etcd, but not a power cut. In return, writes are ten times faster.
    '--unsafe-no-fsync',
  ],
});

export const apiServer = (place: Place, addresses: Addresses): ProcessSpec => ({
  name: 'kube-apiserver',
  command: [
    join(place.bin, 'kube-apiserver'),
    `--advertise-address=${addresses.node}`,
    `--secure-port=${API_PORT}`,
    '--etcd-servers=http://127.0.0.1:2379',
    `--service-cluster-ip-range=${addresses.services}`,
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${pki(place, 'ca.crt')}`,
    `--tls-cert-file=${pki(place, 'apiserver.crt')}`,
    `--tls-private-key-file=${pki(place, 'apiserver.key')}`,
    `--kubelet-certificate-authority=${pki(place, 'ca.crt')}`,
    `--kubelet-client-certificate=${pki(place, 'apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pki(place, 'apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki(place, 'service-accounts.pub')}`,
    `--service-account-signing-key-file=${pki(place, 'service-accounts.key')}`,
    // Aggregated APIs: metrics, and the other autoscalers of the benchmark.
    `--requestheader-client-ca-file=${pki(place, 'ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki(place, 'front-proxy-client.crt')}`,
    `--proxy-client-key-file=${pki(place, 'front-proxy-client.key')}`,
    '--enable-aggregator-routing=true',
    `--audit-policy-file=${join(place.config, 'audit-policy.json')}`,
    `--audit-log-path=${join(place.logs, 'audit.log')}`,
    '--audit-log-maxsize=200',
    '--audit-log-maxbackup=2',
    '--profiling=false',
  ],
});

/** The upstream default: 20 requests a second, and so 20 pods a second. */
const DEFAULT_CONTROLLER_QPS = 20;

interface ControllerManagerOptions {
  readonly requestsPerSecond?: number | undefined;
  /** Default: upstream's 15 s. */
  readonly horizontalSyncSeconds?: number | undefined;
}

export const controllerManager = (
  place: Place,
  addresses: Addresses,
  { requestsPerSecond = DEFAULT_CONTROLLER_QPS, horizontalSyncSeconds }: ControllerManagerOptions = {},
): ProcessSpec => ({
  name: 'kube-controller-manager',
  command: [
    join(place.bin, 'kube-controller-manager'),
    ...controllerFlags(place, 'controller-manager'),
    `--service-cluster-ip-range=${addresses.services}`,
    `--root-ca-file=${pki(place, 'ca.crt')}`,
    `--cluster-signing-cert-file=${pki(place, 'ca.crt')}`,
    `--cluster-signing-key-file=${pki(place, 'ca.key')}`,
    `--service-account-private-key-file=${pki(place, 'service-accounts.key')}`,
    '--use-service-account-credentials=true',
    `--kube-api-qps=${requestsPerSecond}`,
    // Upstream's ratio.
    `--kube-api-burst=${Math.ceil(requestsPerSecond * 1.5)}`,
    ...(horizontalSyncSeconds === undefined
      ? []
      : [`--horizontal-pod-autoscaler-sync-period=${horizontalSyncSeconds}s`]),
    `--flex-volume-plugin-dir=${join(place.dir, 'kubelet', 'volumeplugins')}`,
  ],
});

export const scheduler = (place: Place): ProcessSpec => ({
  name: 'kube-scheduler',
  command: [join(place.bin, 'kube-scheduler'), ...controllerFlags(place, 'scheduler')],
});

export const containerd = (place: Place): ProcessSpec => ({
  name: 'containerd',
  command: [join(place.bin, 'containerd'), `--config=${join(place.config, 'containerd.toml')}`, '--log-level=warn'],
});

export const kubelet = (place: Place, addresses: Addresses): ProcessSpec => ({
  name: 'kubelet',
  command: [
    join(place.bin, 'kubelet'),
    `--config=${join(place.config, 'kubelet.json')}`,
    `--kubeconfig=${kubeconfigOf(place, 'kubelet')}`,
    `--root-dir=${join(place.dir, 'kubelet')}`,
    `--cert-dir=${join(place.dir, 'kubelet', 'pki')}`,
    `--hostname-override=${place.name}`,
    `--node-ip=${addresses.node}`,
  ],
});

export const kubeProxy = (place: Place): ProcessSpec => ({
  name: 'kube-proxy',
  command: [join(place.bin, 'kube-proxy'), `--config=${join(place.config, 'kube-proxy.json')}`],
});

/** Creates the folders of the default StorageClass's volumes. */
export const volumeProvisioner = (place: Place, addresses: Addresses, main: string): ProcessSpec => ({
  name: 'volumes',
  command: [process.execPath, main, place.name, apiUrl(addresses), place.pki, place.volumes],
});

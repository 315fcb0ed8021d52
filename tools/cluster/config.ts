/** The configuration files of the servers, as data. */
import { join } from 'node:path';
import type { Addresses, Place } from './place.ts';

export const PAUSE_IMAGE = 'voucher.dev/pause:1';
export const API_PORT = 6443;
/** The CNI network; libcni names its cached results after it. */
const networkName = (place: Place): string => place.link;

export const apiUrl = (addresses: Addresses): string => `https://${addresses.node}:${API_PORT}`;

/** For kubectl and helm: this cluster's kubeconfig, and no proxy on the way to an address that only this machine has. */
export const clientEnvironment = (place: Place, addresses: Addresses, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  KUBECONFIG: place.kubeconfig,
  NO_PROXY: [env['NO_PROXY'] ?? env['no_proxy'], addresses.range].filter((part) => part !== undefined).join(','),
});

const certificate = (place: Place, file: string): { readonly crt: string; readonly key: string } => ({
  crt: join(place.pki, `${file}.crt`),
  key: join(place.pki, `${file}.key`),
});

/** A kubeconfig that reads its certificates from files, for the cluster's own processes. */
export const internalKubeconfig = (place: Place, addresses: Addresses, user: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: place.name,
      cluster: { server: apiUrl(addresses), 'certificate-authority': join(place.pki, 'ca.crt') },
    },
  ],
  users: [
    {
      name: user,
      user: {
        'client-certificate': certificate(place, user).crt,
        'client-key': certificate(place, user).key,
      },
    },
  ],
  contexts: [{ name: place.name, context: { cluster: place.name, user } }],
  'current-context': place.name,
});

export const kubeletConfig = (place: Place, addresses: Addresses): unknown => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(place.pki, 'ca.crt') },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: certificate(place, 'kubelet-server').crt,
  tlsPrivateKeyFile: certificate(place, 'kubelet-server').key,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${place.name}`,
  clusterDNS: [addresses.dns],
  clusterDomain: 'cluster.local',
  containerRuntimeEndpoint: `unix://${place.containerdSocket}`,
  // A developer's machine may have swap, the first cgroup version, and a disk that is fuller than a node's may be.
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  evictionHard: {
    'memory.available': '100Mi',
    'nodefs.available': '0%',
    'nodefs.inodesFree': '0%',
    'imagefs.available': '0%',
  },
  imageGCHighThresholdPercent: 100,
  localStorageCapacityIsolation: false,
  // kube-proxy speaks nftables; the chains are for iptables.
  makeIPTablesUtilChains: false,
  maxPods: 250,
  podLogsDir: join(place.logs, 'pods'),
  resolvConf: join(place.config, 'resolv.conf'),
  serializeImagePulls: false,
  volumePluginDir: join(place.dir, 'kubelet', 'volumeplugins'),
});

export const proxyConfig = (place: Place, addresses: Addresses): unknown => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'nftables',
  clientConnection: { kubeconfig: join(place.config, 'proxy.kubeconfig') },
  clusterCIDR: addresses.pods,
  // The conntrack table is the machine's, not the namespace's.
  conntrack: { maxPerCore: 0, min: 0 },
  hostnameOverride: place.name,
  bindAddress: addresses.node,
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '127.0.0.1:10249',
});

/** `ptp` gives each pod a link of its own, so that pod-to-pod packets pass the packet rules without br_netfilter. */
export const cniConfig = (place: Place, addresses: Addresses): unknown => ({
  cniVersion: '1.0.0',
  name: networkName(place),
  plugins: [
    {
      type: 'ptp',
      ipMasq: false,
      mtu: 1500,
      ipam: {
        type: 'host-local',
        dataDir: join(place.dir, 'cni'),
        ranges: [[{ subnet: addresses.pods, gateway: addresses.podGateway }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
});

/**
 * Who wrote what and when, without what: request bodies hold Secrets and citizens. Reads, and the leases of the node and
 * of Kubernetes' own parts, would drown it.
 */
export const auditPolicy = (): unknown => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'None',
      resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }],
      namespaces: ['kube-node-lease', 'kube-system'],
    },
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
    { level: 'None' },
  ],
});

const toml = (value: string): string => JSON.stringify(value);

export const containerdConfig = (place: Place): string => `version = 3
root = ${toml(join(place.dir, 'containerd'))}
state = ${toml(join(place.dir, 'run', 'containerd'))}
# opt would make /opt/containerd, and the snapshotters of other file systems only log that they can't.
disabled_plugins = [
  'io.containerd.internal.v1.opt',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
]

[grpc]
  address = ${toml(place.containerdSocket)}

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = ${toml(PAUSE_IMAGE)}

[plugins.'io.containerd.cri.v1.runtime']
  # Where root lacks CAP_SYS_RESOURCE no container may get a lower score than its parent's.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'runc'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = ${toml(join(place.bin, 'runc'))}
  SystemdCgroup = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = [${toml(place.bin)}]
  conf_dir = ${toml(join(place.config, 'cni'))}
`;

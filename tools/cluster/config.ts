/** The configuration files of the cluster's components, as data. */
import { join } from 'node:path';
import type { Addresses, Place } from './place.ts';

export const PAUSE_IMAGE = 'voucher.dev/pause:1';
export const API_PORT = 6443;

export const apiUrl = (addresses: Addresses): string => `https://${addresses.node}:${API_PORT}`;

/** For kubectl and helm: this cluster's kubeconfig, and no proxy for its addresses, which only this machine can reach. */
export const clientEnvironment = (place: Place, addresses: Addresses, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  KUBECONFIG: place.kubeconfig,
  NO_PROXY: [env['NO_PROXY'] ?? env['no_proxy'], addresses.range].filter((part) => part !== undefined).join(','),
});

const certificate = (place: Place, file: string): { readonly crt: string; readonly key: string } => ({
  crt: join(place.pki, `${file}.crt`),
  key: join(place.pki, `${file}.key`),
});

type Fields = Readonly<Record<string, string>>;

export const kubeconfigOf = (
  place: Place,
  addresses: Addresses,
  user: string,
  authority: Fields,
  credentials: Fields,
) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: place.name, cluster: { server: apiUrl(addresses), ...authority } }],
  users: [{ name: user, user: credentials }],
  contexts: [{ name: place.name, context: { cluster: place.name, user } }],
  'current-context': place.name,
});

/** A kubeconfig that reads its certificates from files, for the cluster's own processes. */
export const internalKubeconfig = (place: Place, addresses: Addresses, user: string): unknown => {
  const { crt, key } = certificate(place, user);
  const authority = { 'certificate-authority': join(place.pki, 'ca.crt') };
  return kubeconfigOf(place, addresses, user, authority, { 'client-certificate': crt, 'client-key': key });
};

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
  // A developer's machine may have swap, cgroup v1, and a full disk.
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
  // kube-proxy uses nftables, not iptables.
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
  // The conntrack table belongs to the whole machine.
  conntrack: { maxPerCore: 0, min: 0 },
  hostnameOverride: place.name,
  bindAddress: addresses.node,
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '127.0.0.1:10249',
});

/** `ptp` gives each pod its own link, so that the packet rules apply between pods without br_netfilter. */
export const cniConfig = (place: Place, addresses: Addresses): unknown => ({
  cniVersion: '1.0.0',
  name: place.link,
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
 * Logs every write, but no request bodies, which contain Secrets and citizens' data. Reads and the leases of Kubernetes' own
 * components are left out, because they are too many.
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
# opt would create /opt/containerd; the snapshotters of other file systems only log errors.
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
  # Without CAP_SYS_RESOURCE no container can get a lower score than its parent.
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

/** Every binary of the cluster, pinned by version, built into the same cache as nats-server. */
import { mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, type EnsureOptions, isWholeProgram } from '../../local/binaries/cache.ts';
import { buildWithGo, type GoBinary } from '../../local/binaries/go.ts';
import { locked } from '../../local/binaries/lock.ts';
import type { Place } from './place.ts';

const KUBERNETES_VERSION = 'v1.36.3';
const CONTAINERD_VERSION = 'v2.4.2';
const RUNC_VERSION = 'v1.5.2';
const CNI_VERSION = 'v1.9.1';
export const COREDNS_VERSION = 'v1.15.0';
const HELM_VERSION = 'v4.3.1';

export interface PinnedBinary {
  /** File name in the cache, with the version. */
  readonly file: string;
  /** Names in the cluster's bin folder; the servers of Kubernetes are one file with many names. */
  readonly names: readonly string[];
  readonly build: GoBinary;
}

export const installed = (
  name: string,
  path: string,
  version: string,
  estimateSeconds: number,
  more: Partial<GoBinary> = {},
): PinnedBinary => ({
  file: `${name}-${version}`,
  names: [name],
  build: { label: `${name} ${version}`, source: { kind: 'install', package: path, version }, estimateSeconds, ...more },
});

const moduleDir = (name: string): string => fileURLToPath(new URL(`./go/${name}`, import.meta.url));

const versionFlags = (): string => {
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
  return ['k8s.io/client-go/pkg/version', 'k8s.io/component-base/version']
    .flatMap((path) => [
      `-X ${path}.gitVersion=${KUBERNETES_VERSION}`,
      `-X ${path}.gitMajor=${major}`,
      `-X ${path}.gitMinor=${minor}`,
    ])
    .join(' ');
};

export const KUBE: PinnedBinary = {
  file: `kube-${KUBERNETES_VERSION}`,
  names: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'],
  build: {
    label: `Kubernetes ${KUBERNETES_VERSION} (all servers, etcd and kubectl)`,
    source: { kind: 'module', dir: moduleDir('kube') },
    tags: 'providerless',
    ldflags: versionFlags(),
    estimateSeconds: 300,
  },
};

export const PAUSE: PinnedBinary = {
  file: 'pause-1',
  names: ['pause'],
  build: { label: 'pause', source: { kind: 'module', dir: moduleDir('pause') }, estimateSeconds: 2 },
};

export const COREDNS: PinnedBinary = installed('coredns', 'github.com/coredns/coredns', COREDNS_VERSION, 115);

export const HELM: PinnedBinary = installed('helm', 'helm.sh/helm/v4/cmd/helm', HELM_VERSION, 60);

const PLUGINS = 'github.com/containernetworking/plugins/plugins';
const CONTAINERD = 'github.com/containerd/containerd/v2/cmd';

/** All that a cluster needs; the smallest first, so that a machine that can't build them fails early. */
export const CLUSTER_BINARIES: readonly PinnedBinary[] = [
  PAUSE,
  // Without seccomp every pod fails, because the default profile of pods is "RuntimeDefault".
  installed('runc', 'github.com/opencontainers/runc', RUNC_VERSION, 15, { cgo: true, tags: 'seccomp' }),
  installed('loopback', `${PLUGINS}/main/loopback`, CNI_VERSION, 3),
  installed('ptp', `${PLUGINS}/main/ptp`, CNI_VERSION, 3),
  installed('host-local', `${PLUGINS}/ipam/host-local`, CNI_VERSION, 2),
  installed('containerd', `${CONTAINERD}/containerd`, CONTAINERD_VERSION, 80),
  installed('containerd-shim-runc-v2', `${CONTAINERD}/containerd-shim-runc-v2`, CONTAINERD_VERSION, 5),
  installed('ctr', `${CONTAINERD}/ctr`, CONTAINERD_VERSION, 5),
  COREDNS,
  HELM,
  KUBE,
];

/** Path of the cached binary, which is built if missing. @throws Error that names the remedies */
export const ensureBinary = async (binary: PinnedBinary, options: EnsureOptions): Promise<string> => {
  const target = join(cacheDir(), binary.file);
  if (isWholeProgram(target)) return target;
  const onWait = () => options.progress(`another process is building ${binary.build.label}; waiting for it`);
  await locked(`${target}.lock`, { signal: options.signal, onWait }, async () => {
    if (isWholeProgram(target)) return;
    if (!(await buildWithGo(binary.build, target, options))) {
      throw new Error(
        `${binary.build.label} is missing, and there is no Go to build it. Install Go 1.26 or later, or put the binary at ${target} (names: ${binary.names.join(', ')}), or use your own cluster with --context NAME.`,
      );
    }
  });
  return target;
};

export const missingBinaries = (binaries: readonly PinnedBinary[]): readonly PinnedBinary[] =>
  binaries.filter(({ file }) => !isWholeProgram(join(cacheDir(), file)));

const linked = async (target: string, path: string): Promise<void> => {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
};

/** One after the other, because each build uses all cores. */
export const ensureBinaries = async (binaries: readonly PinnedBinary[], options: EnsureOptions): Promise<void> => {
  const missing = missingBinaries(binaries);
  if (missing.length > 0) {
    const seconds = missing.reduce((sum, { build }) => sum + build.estimateSeconds, 0);
    options.progress(`${missing.length} binaries to build, about ${Math.ceil(seconds / 60)} min on two idle cores`);
  }
  for (const binary of binaries) await ensureBinary(binary, options);
};

export const ensureClusterBinaries = async (place: Place, options: EnsureOptions): Promise<void> => {
  await ensureBinaries(CLUSTER_BINARIES, options);
  await mkdir(place.bin, { recursive: true });
  for (const binary of CLUSTER_BINARIES) {
    for (const name of binary.names) await linked(join(cacheDir(), binary.file), join(place.bin, name));
  }
};

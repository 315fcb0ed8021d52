/** Checks what the machine must have, and says in one sentence what is missing. */
import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheDir, type EnsureOptions } from '../../local/binaries/cache.ts';
import { CLUSTER_BINARIES, missingBinaries, type PinnedBinary } from './binaries.ts';
import { run } from './run.ts';

/** For images, their unpacked copies, and logs of a campaign with its data plane. */
export const LEAST_FREE_BYTES = 4 * 2 ** 30;

/** The folders of administrators' commands are not always on the PATH. */
export const isCommand = (name: string): boolean =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some(
    (dir) => dir !== '' && existsSync(join(dir, name)),
  );

/** Package → a command or a header file of it. */
const ALWAYS = { iproute2: 'ip', nftables: 'nft', openssl: 'openssl', 'util-linux': 'unshare', mount: 'mount' };

/** runc is the only binary with C code. */
const FOR_RUNC = { gcc: 'gcc', 'pkg-config': 'pkg-config', 'libc6-dev': 'stdio.h', 'libseccomp-dev': 'seccomp.h' };

const isThere = (name: string): boolean => (name.endsWith('.h') ? existsSync(`/usr/include/${name}`) : isCommand(name));

const missingPackages = (): readonly string[] => {
  const buildsRunc = missingBinaries(CLUSTER_BINARIES).some(({ names }) => names.includes('runc'));
  return Object.entries({ ...ALWAYS, ...(buildsRunc ? FOR_RUNC : {}) }).flatMap(([name, part]) =>
    isThere(part) ? [] : [name],
  );
};

const install = async (
  sentence: string,
  missing: readonly string[],
  { signal, progress }: EnsureOptions,
): Promise<void> => {
  if (!isCommand('apt-get')) {
    throw new Error(`${sentence}, and apt-get is not available: install them, or their equivalents, and try again`);
  }
  progress(`installing ${missing.join(' ')} with apt`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { signal, env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { signal, env });
  } catch (cause) {
    const message = `${sentence}, and apt could not install them: run "apt-get install ${missing.join(' ')}"`;
    throw new Error(message, { cause });
  }
};

/** Installs the missing Debian packages that build and run the cluster. */
export const ensurePackages = async (options: EnsureOptions): Promise<void> => {
  const missing = missingPackages();
  if (missing.length > 0) await install(`the cluster needs the packages ${missing.join(' ')}`, missing, options);
};

/** Installs the Debian packages of a command that a test needs. */
export const ensureCommand = async (
  name: string,
  packages: readonly string[],
  options: EnsureOptions,
): Promise<void> => {
  if (!isCommand(name)) await install(`this test needs the packages ${packages.join(' ')}`, packages, options);
};

const OR_ANOTHER = 'or use your own cluster with --context NAME';

/** Why these binaries are missing and can't be built, or undefined. Changes nothing. */
export const whyNoGo = (binaries: readonly PinnedBinary[]): string | undefined => {
  const missing = missingBinaries(binaries);
  return missing.length === 0 || isCommand('go')
    ? undefined
    : `${missing.map(({ file }) => file).join(', ')} missing in ${cacheDir()}, and there is no Go to build them: install Go 1.26 or later`;
};

/** Why failing disks can't be simulated on this machine, or undefined. */
export const whyNoFaults = (platform: string = process.platform, uid = process.getuid?.()): string | undefined =>
  platform === 'linux' && uid === 0
    ? undefined
    : 'failing disks are simulated with strace and mounts: run this on Linux as root';

/** Why this machine can't run a local cluster, or undefined. Changes nothing. */
export const whyNoCluster = (platform: string = process.platform, uid = process.getuid?.()): string | undefined => {
  if (platform !== 'linux')
    return `this is ${platform}, and a Kubernetes node needs Linux: run it there, ${OR_ANOTHER}`;
  if (uid !== 0) return `a Kubernetes node needs root: run this as root, ${OR_ANOTHER}`;
  const noGo = whyNoGo(CLUSTER_BINARIES);
  return noGo === undefined ? undefined : `${noGo}, ${OR_ANOTHER}`;
};

export const whyFull = (dir: string, freeBytes: number): string | undefined =>
  freeBytes >= LEAST_FREE_BYTES
    ? undefined
    : `${dir} has ${Math.floor(freeBytes / 2 ** 20)} MiB free, and a cluster needs ${LEAST_FREE_BYTES / 2 ** 20} MiB: free some space, or set VOUCHER_CLUSTERS to a folder on a larger disk`;

export const ensureHost = async (dir: string, options: EnsureOptions): Promise<void> => {
  const reason = whyNoCluster();
  if (reason !== undefined) throw new Error(reason);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const { bavail, bsize } = await statfs(dir);
  const full = whyFull(dir, bavail * bsize);
  if (full !== undefined) throw new Error(full);
  await ensurePackages(options);
};

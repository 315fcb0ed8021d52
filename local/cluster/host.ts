/** What the machine must be and have, told in one sentence when it doesn't. */
import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import type { EnsureOptions } from '../binaries/cache.ts';
import { onPath } from '../binaries/cache.ts';
import { CLUSTER_BINARIES, missingBinaries } from './binaries.ts';
import { run } from './run.ts';

/** Images, their unpacked copies and logs of a campaign with its data plane. */
export const LEAST_FREE_BYTES = 4 * 2 ** 30;

interface Requirement {
  readonly package: string;
  readonly isThere: () => Promise<boolean>;
}

const command = (name: string) => async (): Promise<boolean> =>
  (await onPath(name)) !== undefined || existsSync(`/usr/sbin/${name}`) || existsSync(`/sbin/${name}`);

const ALWAYS: readonly Requirement[] = [
  { package: 'iproute2', isThere: command('ip') },
  { package: 'nftables', isThere: command('nft') },
  { package: 'openssl', isThere: command('openssl') },
  { package: 'util-linux', isThere: command('unshare') },
  { package: 'mount', isThere: command('mount') },
];

/** runc is the one binary with C in it. */
const FOR_RUNC: readonly Requirement[] = [
  { package: 'gcc', isThere: command('gcc') },
  { package: 'libc6-dev', isThere: async () => existsSync('/usr/include/stdio.h') },
  { package: 'pkg-config', isThere: command('pkg-config') },
  { package: 'libseccomp-dev', isThere: async () => existsSync('/usr/include/seccomp.h') },
];

const missingPackages = async (): Promise<readonly string[]> => {
  const buildsRunc = (await missingBinaries(CLUSTER_BINARIES)).some(({ names }) => names.includes('runc'));
  const wanted = buildsRunc ? [...ALWAYS, ...FOR_RUNC] : ALWAYS;
  const there = await Promise.all(wanted.map(({ isThere }) => isThere()));
  return wanted.filter((_, index) => there[index] === false).map((requirement) => requirement.package);
};

const ensurePackages = async ({ signal, progress }: EnsureOptions): Promise<void> => {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const sentence = `the cluster needs the packages ${missing.join(' ')}`;
  if ((await onPath('apt-get')) === undefined) {
    throw new Error(`${sentence}, and this is no Debian: install them (or what they are called here) and try again`);
  }
  progress(`installing ${missing.join(' ')} with apt`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { signal, env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { signal, env });
  } catch (cause) {
    throw new Error(`${sentence}, and apt could not install them: run "apt-get install ${missing.join(' ')}"`, {
      cause,
    });
  }
};

/** Why this machine can't carry a local cluster, or undefined when it can. Looks only, changes nothing. */
export const whyNoCluster = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux')
    return `this is ${process.platform}, and a Kubernetes node needs Linux; use a cluster of your own with --context NAME`;
  if (process.getuid?.() !== 0)
    return 'a Kubernetes node needs root; run this as root, or use a cluster of your own with --context NAME';
  if ((await missingBinaries(CLUSTER_BINARIES)).length > 0 && (await onPath('go')) === undefined) {
    return 'the binaries of Kubernetes are not in the cache and there is no Go to build them with; install Go 1.26 or later, or use a cluster of your own with --context NAME';
  }
  return undefined;
};

export const ensureHost = async (dir: string, options: EnsureOptions): Promise<void> => {
  const reason = await whyNoCluster();
  if (reason !== undefined) throw new Error(reason);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize < LEAST_FREE_BYTES) {
    throw new Error(
      `${dir} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free and a cluster needs ${LEAST_FREE_BYTES / 2 ** 20}: free some, or set VOUCHER_CLUSTERS to a folder on a larger disk`,
    );
  }
  await ensurePackages(options);
};

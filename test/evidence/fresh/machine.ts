/** A new Debian in a folder, entered in namespaces of its own: what a command finds there is what a new machine has. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath } from '../../../local/binaries/cache.ts';
import { run } from '../../../tools/cluster/run.ts';

const RELEASE = 'bookworm';
/** All that README asks for, and what fetches packages. */
const BASE = ['ca-certificates', 'git', 'nodejs', 'npm'];
const USER = { name: 'newcomer', id: 1_000 };
/** How this machine reaches the package registries: a new one has settings of its own for that. */
const REACH = ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt'];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const REACH_VARIABLES = /_proxy$|^(GOPROXY|GOSUMDB|GONOSUMDB|PIP_INDEX_URL|npm_config_registry)$/i;

export type Who = 'root' | 'user';

/** Why this machine can't make another one. */
export const whyNoFreshMachine = (platform: string = process.platform, uid = process.getuid?.()): string | undefined =>
  platform === 'linux' && uid === 0 && existsSync('/usr/bin/apt-get')
    ? undefined
    : 'a new Debian is made by mmdebstrap: run this as root on Debian';

/** One archive for each set of packages. @returns its path */
export const makeArchive = async (dir: string, packages: readonly string[], signal: AbortSignal): Promise<string> => {
  if ((await onPath('mmdebstrap')) === undefined) {
    await run('apt-get', ['update', '-q'], { signal });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'mmdebstrap'], { signal });
  }
  const archive = join(dir, `${['root', ...packages].join('-')}.tar`);
  const include = [...BASE, ...packages].join(',');
  await run('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${include}`, RELEASE, archive], { signal });
  return archive;
};

export interface Ran {
  readonly code: number | null;
  readonly seconds: number;
  readonly output: string;
}

export interface FreshMachine {
  /** A shell command in the clone, as `who`. */
  sh(who: Who, command: string, signal: AbortSignal): Promise<Ran>;
  remove(): Promise<void>;
}

/**
 * Everything that the command mounts or starts ends with it: its mount and process namespaces are its own. The new root is that of the
 * mount namespace, not of the process alone: a cluster has processes of its own that enter mount namespaces, and begin at their root.
 */
const ENTER = `set -e
root=$1; who=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
if [ -n "$GO_ROOT" ]; then mkdir -p "$root/usr/local/go"; mount --bind -o ro "$GO_ROOT" "$root/usr/local/go"; fi
cd "$root"
mkdir -p .before
pivot_root . .before
umount -l .before
exec chroot . setpriv --reuid="$who" --regid="$who" --clear-groups "$@"`;

const environment = (home: string): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && REACH_VARIABLES.test(name) ? [[name, value]] : [],
    ),
  ),
  NODE_EXTRA_CA_CERTS: CERTIFICATES,
  npm_config_cafile: CERTIFICATES,
  PIP_CERT: CERTIFICATES,
  HOME: home,
  PATH: '/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
});

/** @param goRoot of this machine, where the new one is to have Go */
export const freshMachine = async (
  dir: string,
  archive: string,
  { source, goRoot }: { readonly source: string; readonly goRoot: string | undefined },
  signal: AbortSignal,
): Promise<FreshMachine> => {
  const root = await mkdtemp(join(dir, 'machine-'));
  await run('tar', ['-xpf', archive, '-C', root], { signal });
  for (const file of REACH) if (existsSync(file)) await copyFile(file, join(root, file));
  await run('chroot', [root, 'useradd', '--create-home', '--uid', `${USER.id}`, USER.name], { signal });
  const homes = { root: '/root', user: `/home/${USER.name}` } as const;
  for (const [who, home] of Object.entries(homes)) {
    await mkdir(join(root, home), { recursive: true });
    await run('git', ['clone', '--quiet', source, join(root, home, 'voucher-operator')], { signal });
    if (who === 'user') await run('chown', ['-R', `${USER.id}:${USER.id}`, join(root, home)], { signal });
  }
  return {
    sh: (who, command, signal) =>
      new Promise((resolve, reject) => {
        const startedAtMs = Date.now();
        const id = who === 'root' ? '0' : `${USER.id}`;
        const inside = ['bash', '-c', `cd ~/voucher-operator && ${command}`];
        const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
        const child = spawn('unshare', [...namespaces, 'sh', '-c', ENTER, 'sh', root, id, ...inside], {
          signal,
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { ...environment(homes[who]), GO_ROOT: goRoot ?? '' },
        });
        let output = '';
        const keep = (chunk: Buffer): void => {
          output = (output + chunk.toString('utf8')).slice(-20_000);
        };
        child.stdout.on('data', keep);
        child.stderr.on('data', keep);
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, seconds: (Date.now() - startedAtMs) / 1000, output }));
      }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

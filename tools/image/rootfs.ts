/** Common parts of images with dynamically linked programs. */
import { existsSync } from 'node:fs';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../cluster/run.ts';
import { NONROOT } from './oci.ts';
import type { Entry } from './tar.ts';

const inImage = (path: string): string => path.replace(/^\/+/, '');

/**
 * Shared libraries in the output of ldd: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader, which has
 * only a path. @throws Error that names missing libraries
 */
export const librariesIn = (ldd: string): readonly string[] => {
  const missing = [...ldd.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name);
  if (missing.length > 0) throw new Error(`shared libraries are missing on this machine: ${missing.join(', ')}`);
  return [...ldd.matchAll(/(?:=>\s+|^\s+)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
};

/** glibc opens these by name for host and user lookups, so ldd does not list them. Part of libc since 2.34. */
const OPENED_BY_GLIBC = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/** Every library of the programs, at the path that their loader uses, except those below `except`. */
export const sharedLibraries = async (programs: readonly string[], except?: string): Promise<readonly Entry[]> => {
  const paths = new Set<string>();
  for (const program of programs) {
    for (const path of librariesIn(await run('ldd', [program]))) paths.add(path);
  }
  const libc = [...paths].find((path) => path.endsWith('/libc.so.6'));
  for (const name of OPENED_BY_GLIBC) {
    const path = libc?.replace('libc.so.6', name);
    if (path !== undefined && existsSync(path)) paths.add(path);
  }
  const wanted = [...paths].filter((path) => except === undefined || !path.startsWith(except));
  return Promise.all(
    wanted.map(
      async (path): Promise<Entry> => ({ kind: 'file', path: inImage(path), from: await realpath(path), mode: 0o755 }),
    ),
  );
};

interface Account {
  readonly name: string;
  readonly id: number;
  readonly home: string;
}

export const NONROOT_ACCOUNT: Account = { name: 'nonroot', id: NONROOT, home: '/nonexistent' };

/** Accounts, name lookup and a /tmp. */
export const systemFiles = (accounts: readonly Account[]): readonly Entry[] => {
  const all = [{ name: 'root', id: 0, home: '/root' }, ...accounts];
  const certificates = '/etc/ssl/certs/ca-certificates.crt';
  return [
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    {
      kind: 'text',
      path: 'etc/passwd',
      text: all.map(({ name, id, home }) => `${name}:x:${id}:${id}:${name}:${home}:/sbin/nologin\n`).join(''),
    },
    { kind: 'text', path: 'etc/group', text: all.map(({ name, id }) => `${name}:x:${id}:\n`).join('') },
    { kind: 'text', path: 'etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nhosts: files dns\n' },
    ...(existsSync(certificates)
      ? [{ kind: 'file' as const, path: inImage(certificates), from: certificates, mode: 0o644 }]
      : []),
  ];
};

/** A folder of this machine as `path` in the image, with its links, without what `skip` returns true for. */
export const folder = async (
  from: string,
  path: string,
  skip: (relative: string) => boolean = () => false,
): Promise<readonly Entry[]> => {
  const entries: Entry[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(from, relative), { withFileTypes: true })) {
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (skip(below)) continue;
      const target = `${path}/${below}`;
      if (entry.isDirectory()) await visit(below);
      else if (entry.isFile()) entries.push({ kind: 'file', path: target, from: join(from, below) });
      else if (entry.isSymbolicLink()) {
        entries.push({ kind: 'symlink', path: target, target: await readlink(join(from, below)) });
      }
    }
  };
  await visit('');
  return entries;
};

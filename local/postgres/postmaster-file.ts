/**
 * `postmaster.pid` as PostgreSQL writes it (src/include/utils/pidfile.h): line 1 the pid, line 8 the status, padded
 * with spaces: `starting`, `ready`, `stopping` or `standby`. It is how pg_ctl itself waits.
 */

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { signalQuietly } from '../signals.ts';

const run = promisify(execFile);

export interface PostmasterFile {
  readonly pid: number;
  readonly status: string;
}

export const readPostmasterFile = async (dataDir: string): Promise<PostmasterFile | undefined> => {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const lines = text?.split('\n') ?? [];
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : undefined;
};

const commandOf = async (pid: number): Promise<string> => {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
};

const statOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
};

/** Processes whose parent is `pid`: every backend leads a session of its own, so a group signal misses them. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
    return stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
  }
  const children: number[] = [];
  // In one turn: a hundred awaits on a busy loop gave a server that was to crash a second to finish its work.
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // `pid (comm) state ppid …`; comm may hold spaces and brackets.
    const text = statOf(name);
    if (Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(name));
  }
  return children;
};

/**
 * Before a start: a server that outlived a killed parent is ended (immediate shutdown: nothing but us may hold the
 * folder), and a file that names a process of someone else is removed, because PostgreSQL would refuse to start
 * beside any living process of that number.
 */
export const clearStalePostmaster = async (dataDir: string, timeoutMs: number): Promise<void> => {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const file = await readPostmasterFile(dataDir);
    if (file === undefined) return;
    if (!(await commandOf(file.pid)).includes(dataDir)) {
      await rm(join(dataDir, 'postmaster.pid'), { force: true });
      return;
    }
    if (performance.now() > deadlineMs) throw new Error(`PostgreSQL ${file.pid} still holds ${dataDir}; end it first`);
    signalQuietly(file.pid, 'SIGQUIT');
    await delay(50);
  }
};

/**
 * `postmaster.pid` as PostgreSQL writes it (src/include/utils/pidfile.h): line 1 the pid, line 8 the status, padded
 * with spaces: `starting`, `ready`, `stopping` or `standby`. pg_ctl waits in the same way.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { signalQuietly } from '../signals.ts';

const run = promisify(execFile);

export const readPostmasterFile = async (dataDir: string) => {
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

/** Children of `pid`. Every backend has its own session, so a signal to the group does not reach it. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
    return stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
  }
  const children: number[] = [];
  // Synchronous: with a hundred awaits, a server that should crash had a second to finish its work.
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // `pid (comm) state ppid …`; comm may contain spaces and brackets.
    const text = statOf(name);
    if (Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(name));
  }
  return children;
};

/**
 * Before a start: ends a server that is left from a killed run, and removes the file if its pid is of another program,
 * because PostgreSQL would refuse to start.
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
    if (performance.now() > deadlineMs)
      throw new Error(`PostgreSQL process ${file.pid} still uses ${dataDir}; end it first`);
    signalQuietly(file.pid, 'SIGQUIT');
    await delay(50);
  }
};

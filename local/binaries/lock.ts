/** A lock between processes of one machine. A kill -9 of its owner does not leave it locked. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

interface LockOptions {
  readonly signal: AbortSignal;
  /** Called once, when another process holds the lock. */
  readonly onWait: () => void;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and owned by another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** False for the lock of a process that was killed. */
const isHeld = async (file: string): Promise<boolean> => {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return pid > 0 ? isAlive(pid) : (await stat(file).catch(() => undefined)) === undefined;
};

/** Runs `work` while no other process on this machine holds `file`. Creates its folder if needed. */
export const locked = async <T>(file: string, { signal, onWait }: LockOptions, work: () => Promise<T>): Promise<T> => {
  // The lock appears together with its owner's pid, by a link that fails if the lock exists.
  const mine = `${file}.${process.pid}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(mine, `${process.pid}`);
  } catch (cause) {
    throw new Error(
      `can't write to ${dirname(file)} (${cause instanceof Error ? cause.message : cause}): make it writable, or set another folder in XDG_CACHE_HOME (binaries and images) or VOUCHER_CLUSTERS (clusters)`,
      { cause },
    );
  }
  try {
    for (let waited = 0; ; waited += 1) {
      signal.throwIfAborted();
      try {
        await link(mine, file);
        break;
      } catch {
        if (waited === 0) onWait();
        if (!(await isHeld(file))) await rm(file, { force: true });
        await delay(250, undefined, { signal });
      }
    }
    return await work().finally(() => rm(file, { force: true }));
  } finally {
    await rm(mine, { force: true });
  }
};

/** A lock between the processes of one machine that a kill -9 of its owner can't leave locked. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Called once, when another process holds the lock. */
  readonly onWait: () => void;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** A holder that was killed leaves its lock behind: nobody waits for the dead. */
const isHeld = async (file: string): Promise<boolean> => {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return pid > 0 ? isAlive(pid) : (await stat(file).catch(() => undefined)) === undefined;
};

/** Runs `work` while no other process on this machine holds `file`. On a new machine its folder is not there yet: it is made. */
export const locked = async <T>(file: string, { signal, onWait }: LockOptions, work: () => Promise<T>): Promise<T> => {
  // The lock appears with its owner's pid in it, by a link that fails when there is one.
  const mine = `${file}.${process.pid}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(mine, `${process.pid}`);
  } catch (cause) {
    throw new Error(
      `can't write to ${dirname(file)} (${cause instanceof Error ? cause.message : cause}): make it writable, or name another folder with XDG_CACHE_HOME (binaries and images) or VOUCHER_CLUSTERS (clusters)`,
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

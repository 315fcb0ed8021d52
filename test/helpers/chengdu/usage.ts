/** Disk and memory of a stack: the folders of its state, and the resident memory of its processes by role. Linux. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of all files in a folder; 0 where it is not there. Files that end meanwhile are left out. */
export const bytesIn = async (dir: string): Promise<number> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) sum += await bytesIn(path);
    else
      sum += await stat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
  }
  return sum;
};

const residentOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
};

const EVERY_MS = 2_000;

/** The most of each role since the last `take`. */
export const watchMemory = (
  processes: () => readonly { readonly role: string; readonly pid: number }[],
  signal: AbortSignal,
) => {
  let most: Record<string, number> = {};
  const sample = async (): Promise<void> => {
    const sums: Record<string, number> = {};
    for (const { role, pid } of processes()) sums[role] = (sums[role] ?? 0) + (await residentOf(pid));
    for (const [role, bytes] of Object.entries(sums)) most[role] = Math.max(most[role] ?? 0, bytes);
  };
  const timer = setInterval(() => void sample().catch(() => undefined), EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    async take(): Promise<Readonly<Record<string, number>>> {
      await sample();
      const taken = most;
      most = {};
      return taken;
    },
    stop: (): void => clearInterval(timer),
  };
};

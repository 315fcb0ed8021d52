/** What processes and the machine have used, by Linux's accounts. */
import { readFile } from 'node:fs/promises';

export const rssMiB = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
};

/** CPU that a process has used until now, milliseconds (USER_HZ is 100 on Linux); with that of children that ended. */
const cpuMs = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0) * 10, 0);
};

export const cpuMsOf = async (pids: readonly number[]): Promise<number> =>
  (await Promise.all(pids.map(cpuMs))).reduce((sum, ms) => sum + ms, 0);

/** A process and its children. */
export const familyOf = async (pid: number): Promise<readonly number[]> => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return [pid, ...children.trim().split(' ').map(Number)];
};

/** Ticks of all CPUs since boot (`/proc/stat`): those that the hypervisor kept for others, and all. */
export const machineTicks = async (): Promise<{ readonly stolen: number; readonly all: number }> => {
  const [line = ''] = (await readFile('/proc/stat', 'utf8').catch(() => '')).split('\n');
  const ticks = line.trim().split(/\s+/).slice(1).map(Number);
  return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, value) => sum + value, 0) };
};

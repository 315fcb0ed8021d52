/** CPU time of groups of processes, read every second, so that what a killed process used until then is counted, too. Linux. */
import { readFile } from 'node:fs/promises';
import { again } from '../../runtime/sleep.ts';

/** Of a jiffy: USER_HZ is 100 on every Linux. */
const JIFFY_MS = 10;
const LOOK_EVERY_MS = 1_000;

const cpuMsOf = async (pid: number): Promise<number | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name in parentheses may contain spaces: fields are counted from its end. utime and stime are fields 14 and 15.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * JIFFY_MS;
};

/** Share of the machine's CPU time that was idle, and the rest, in jiffies since its start. */
const machine = async (): Promise<{ readonly idle: number; readonly all: number }> => {
  const line = (await readFile('/proc/stat', 'utf8').catch(() => '')).split('\n')[0] ?? '';
  const jiffies = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { idle: (jiffies[3] ?? 0) + (jiffies[4] ?? 0), all: jiffies.reduce((sum, one) => sum + one, 0) };
};

/** @param groups process ids now, by name of a group */
export const watchCpu = (groups: () => Readonly<Record<string, readonly number[]>>, signal: AbortSignal) => {
  const first = machine();
  /** By pid. */
  const seen = new Map<number, { readonly group: string; readonly fromMs: number; untilMs: number }>();
  const look = async (): Promise<void> => {
    for (const [group, pids] of Object.entries(groups()))
      for (const pid of pids) {
        const ms = await cpuMsOf(pid);
        const known = seen.get(pid);
        if (ms === undefined) continue;
        if (known !== undefined) known.untilMs = ms;
        // A process that began later has used all of its time since then.
        else seen.set(pid, { group, fromMs: isFirst ? ms : 0, untilMs: ms });
      }
    isFirst = false;
  };
  let isFirst = true;
  void again(look, LOOK_EVERY_MS, signal, () => undefined);
  return async () => {
    await look();
    const usedMs: Record<string, number> = {};
    for (const { group, fromMs, untilMs } of seen.values()) usedMs[group] = (usedMs[group] ?? 0) + untilMs - fromMs;
    const [before, now] = [await first, await machine()];
    const all = now.all - before.all;
    return { usedMs, machineIdle: all === 0 ? 0 : Math.round(((now.idle - before.idle) / all) * 1_000) / 1_000 };
  };
};

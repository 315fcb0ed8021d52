/** A pid and its start time identify one process; a pid alone can be reused. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Field 22 of `/proc/<pid>/stat`, clock ticks since boot. Field 2, the command in brackets, may contain spaces and
 * brackets, so fields are counted after its last bracket, which is followed by field 3.
 */
export const startTimeInStat = (stat: string): string | undefined =>
  stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(22 - 3);

/** An opaque text that stays equal for the same process; undefined when there is none. */
export const startTimeOf = async (pid: number): Promise<string | undefined> => {
  try {
    if (process.platform === 'linux') return startTimeInStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
};

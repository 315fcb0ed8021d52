import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';

const PARENT = fileURLToPath(new URL('./doomed-parent.ts', import.meta.url));
const Told = z.object({ pids: z.array(z.number().int()), reaper: z.number().int(), stateDir: z.string() });

/** A zombie is gone too: in a container nobody may collect it. */
const isAlive = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
};

const anyAlive = async (pids: readonly number[]): Promise<boolean> =>
  (await Promise.all(pids.map(isAlive))).some((alive) => alive);

describe('kill -9 of a run', () => {
  for (const kind of ['obedient', 'stubborn']) {
    it(`leaves no ${kind} process behind`, async () => {
      const parent = spawn(process.execPath, [PARENT, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(parent, 'exit');
      const [line] = await once(createInterface({ input: parent.stdout }), 'line');
      const { pids, reaper, stateDir } = Told.parse(JSON.parse(String(line)));
      try {
        expect(pids).toHaveLength(3);
        expect(await Promise.all([...pids, reaper].map(isAlive))).toEqual([true, true, true, true]);
        parent.kill('SIGKILL');
        await exited;
        await eventually(async () => !(await anyAlive([...pids, reaper])), {
          what: 'the end of every process of the run',
        });
      } finally {
        parent.kill('SIGKILL');
        for (const pid of pids) if (await isAlive(pid)) process.kill(-pid, 'SIGKILL');
        await rm(dirname(stateDir), { recursive: true, force: true });
      }
    });
  }
});

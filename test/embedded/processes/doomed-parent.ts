/** Makes a cluster of three pods, tells their pids and its reaper's, and waits to be killed. */
import { createSpawner } from '../../../local/managed-process.ts';
import { startReaper } from '../../../local/reaper.ts';
import { aCluster, writeSecrets } from '../../component/processes/a-cluster.ts';
import { eventually } from '../../helpers/eventually.ts';

const reaper = startReaper();
const stubborn = process.argv.includes('stubborn');
const test = await aCluster({
  spawn: createSpawner(reaper),
  // A group of two processes, of which the leader's child hears no SIGTERM.
  ...(stubborn
    ? {
        command: () => ({ command: '/bin/sh', args: ['-c', 'trap "" TERM; while :; do sleep 1; done'] }),
        baseEnv: { PATH: process.env['PATH'] ?? '' },
      }
    : {}),
});
await writeSecrets(test);
await test.deploy('intake', 3);
if (stubborn) {
  await eventually(() => test.cluster.processes().length === 3, { what: 'three processes' });
} else await test.ready(3);
const pids = test.cluster.processes().map(({ pid }) => pid);
process.stdout.write(`${JSON.stringify({ pids, reaper: reaper.pid, stateDir: test.stateDir })}\n`);

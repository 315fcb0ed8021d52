/** A cluster of its own, beside the shared one: killed in parts, healed, taken down, looked for. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hierarchiesIn } from '../../../tools/cluster/cgroups.ts';
import { mountsBelow } from '../../../tools/cluster/mounts.ts';
import { placeOf } from '../../../tools/cluster/place.ts';
import { processesOf } from '../../../tools/cluster/processes.ts';
import { run } from '../../../tools/cluster/run.ts';
import { down, status, up } from '../../../tools/cluster.ts';
import { SHARED_CLUSTER, sharedCluster } from '../../helpers/cluster.ts';
import { eventually } from '../../helpers/eventually.ts';

const NAME = `${SHARED_CLUSTER}-2`;
const UP = fileURLToPath(new URL('../../../tools/cluster/main.ts', import.meta.url));
const { signal } = new AbortController();
const place = placeOf(NAME);

afterAll(() => down(NAME, signal), 60_000);

const running = async (): Promise<ReadonlyMap<string, number>> =>
  new Map((await status(NAME)).processes.filter(({ isRunning }) => isRunning).map(({ name, pid }) => [name, pid]));

describe('a second cluster', () => {
  it('comes up beside the first, with another range and without a word to it', async () => {
    const first = await sharedCluster();
    const second = await up({ name: NAME }, signal);
    expect(second.addresses.range).not.toBe(first.addresses.range);
    expect(await second.kubectl(['get', 'nodes', '-o', 'name'])).toBe(`node/${NAME}\n`);
    expect(await first.kubectl(['get', 'nodes', '-o', 'name'])).toBe(`node/${first.name}\n`);
  }, 900_000);

  it('is not touched by an up when all of it runs', async () => {
    const before = await running();
    await up({ name: NAME }, signal);
    expect(await running()).toEqual(before);
  });

  it('gets back each part that was killed, and only that', async () => {
    const before = await running();
    expect([...before.keys()]).toEqual(expect.arrayContaining(['etcd', 'kube-apiserver', 'containerd', 'kubelet']));
    const cluster = await up({ name: NAME }, signal);
    await cluster.kubectl(['create', 'configmap', 'kept']);
    const killed = ['etcd', 'kubelet', 'containerd', 'kube-controller-manager'];
    for (const name of killed) process.kill(before.get(name) ?? Number.NaN, 'SIGKILL');
    await up({ name: NAME }, signal);
    const after = await running();
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, pid] of before) expect(after.get(name) === pid).toBe(!killed.includes(name));
    expect(await cluster.kubectl(['get', 'configmap', 'kept', '-o', 'name'])).toBe('configmap/kept\n');
  });

  it('starts afresh when its folder was deleted under it', async () => {
    // What is mounted below it stays, as it does for whoever deletes a folder by hand.
    await run('rm', ['-rf', place.dir]).catch(() => undefined);
    expect(await status(NAME)).toMatchObject({ exists: false });
    const cluster = await up({ name: NAME }, signal);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe(`node/${NAME}\n`);
    expect((await processesOf(place)).filter(({ args }) => args[0]?.endsWith('/etcd'))).toHaveLength(1);
  });

  it('goes on where an up that was killed stopped', async () => {
    await down(NAME, signal);
    const killed = spawn(process.execPath, [UP, 'up', '--name', NAME], { stdio: 'ignore' });
    await eventually(async () => (await running()).has('etcd'), { what: 'the first part of the cluster', signal });
    killed.kill('SIGKILL');
    const cluster = await up({ name: NAME }, signal);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe(`node/${NAME}\n`);
  });

  it('leaves no process, namespace, interface, route, mount, cgroup or folder when it is taken down', async () => {
    await down(NAME, signal);
    expect(await processesOf(place)).toEqual([]);
    expect(await readdir('/var/run/netns')).not.toContain(NAME);
    expect(await run('ip', ['link'])).not.toContain(place.link);
    expect(await run('ip', ['route'])).not.toContain(place.link);
    expect(mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), place.dir)).toEqual([]);
    for (const hierarchy of hierarchiesIn(await readFile('/proc/mounts', 'utf8'))) {
      expect(existsSync(`${hierarchy}/${NAME}`)).toBe(false);
    }
    expect(existsSync(place.dir)).toBe(false);
    expect(await status(NAME)).toEqual({ exists: false, processes: [] });
  });

  it('can be taken down when it isn’t there', async () => {
    await down(NAME, signal);
  });
});

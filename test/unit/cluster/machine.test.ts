import { describe, expect, it } from '@jest/globals';
import { hierarchiesIn } from '../../../tools/cluster/cgroups.ts';
import { LEAST_FREE_BYTES, whyFull, whyNoCluster } from '../../../tools/cluster/host.ts';
import { imagesIn } from '../../../tools/cluster/images.ts';
import { mountsBelow } from '../../../tools/cluster/mounts.ts';
import { placeOf } from '../../../tools/cluster/place.ts';
import { isOfCluster } from '../../../tools/cluster/processes.ts';
import { saidReady } from '../../../tools/cluster/ready.ts';

describe('what the machine shows', () => {
  it('has one hierarchy with cgroup v2, one per controller with v1, and no other mounts among them', () => {
    expect(hierarchiesIn('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\nproc /proc proc rw 0 0\n')).toEqual([
      '/sys/fs/cgroup',
    ]);
    expect(
      hierarchiesIn(
        'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup /mnt/x cgroup rw 0 0\n',
      ),
    ).toEqual(['/sys/fs/cgroup/cpu']);
  });

  it('lists mounts below a folder, the last first, and none of a folder that only begins alike', () => {
    const line = (path: string): string => `22 27 0:21 / ${path} rw - proc proc rw`;
    const info = [line('/c/one'), line('/c/one/a\\040b'), line('/c/one-more'), line('/')].join('\n');
    expect(mountsBelow(info, '/c/one')).toEqual(['/c/one/a b', '/c/one']);
  });

  it('lists images with their digests, without the heading', () => {
    const listing = 'REF TYPE DIGEST SIZE\nvoucher.dev/pause:1 application/x sha256:ab 1.4 MiB linux/amd64 -\n';
    expect([...imagesIn(listing)]).toEqual([['voucher.dev/pause:1', 'sha256:ab']]);
  });
});

describe('a process of the cluster', () => {
  const place = placeOf('one', '/clusters');

  it.each([
    ['is a server from its bin folder', ['/clusters/one/bin/etcd', '--name=one'], true],
    [
      'is a shim that serves its socket',
      ['/cache/containerd-shim-runc-v2-v2', '-address', '/clusters/one/run/containerd.sock'],
      true,
    ],
    [
      'is its provisioner',
      ['/usr/bin/node', '/x/volumes-main.ts', 'one', 'https://…', '/p', '/clusters/one/volumes'],
      true,
    ],
    ['is not a kubectl that somebody runs', ['/clusters/one/bin/kubectl', 'get', 'pods', '-w'], false],
    [
      'is not a shim of another containerd',
      ['/usr/bin/containerd-shim-runc-v2', '-address', '/run/containerd/containerd.sock'],
      false,
    ],
    ['is not another cluster’s', ['/clusters/one-more/bin/etcd'], false],
    ['is not somebody who looks at its folder', ['du', '-sh', '/clusters/one/volumes'], false],
    ['is not a kernel thread, which has no arguments', [], false],
  ] as const)('%s', (_, args, expected) => {
    expect(isOfCluster(args, place)).toBe(expected);
  });
});

describe('a node', () => {
  const node = (status: string, lastHeartbeatTime: string) => ({
    status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime }] },
  });
  const sinceMs = Date.parse('2026-01-01T00:00:10.700Z');

  it.each([
    ['is ready when it said so after its kubelet started', node('True', '2026-01-01T00:00:11Z'), true],
    ['is ready when it said so in the same second, which the API cuts off', node('True', '2026-01-01T00:00:10Z'), true],
    ['is not ready by the word of a kubelet that died', node('True', '2026-01-01T00:00:09Z'), false],
    ['is not ready when it says that it isn’t', node('False', '2026-01-01T00:00:11Z'), false],
    ['is not ready before it said anything', { status: { conditions: [] } }, false],
  ] as const)('%s', (_, found, expected) => {
    expect(saidReady({ status: { conditions: [...found.status.conditions] } }, sinceMs)).toBe(expected);
  });
});

describe('a machine that can’t carry a cluster', () => {
  it.each([
    ['is not Linux', whyNoCluster('darwin', 501), /darwin.*needs Linux.*--context/],
    ['gives no root', whyNoCluster('linux', 1000), /needs root.*--context/],
    ['has a full disk', whyFull('/var', 5 * 2 ** 20), /\/var has 5 MiB free.*VOUCHER_CLUSTERS/],
  ] as const)('%s, and hears why and what helps', (_, reason, sentence) => {
    expect(reason).toMatch(sentence);
  });

  it('is not one with room for its images', () => {
    expect(whyFull('/var', LEAST_FREE_BYTES)).toBeUndefined();
  });
});

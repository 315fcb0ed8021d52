/** A cluster by a context of somebody's kubeconfig: found, left as it is, and refused where it would be harmed. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { installPlatform } from '../../../local/on-cluster/platform.ts';
import { openTarget, type TargetOptions } from '../../../local/on-cluster/target.ts';
import type { Cluster } from '../../../tools/cluster.ts';
import { sharedCluster, testNamespace } from '../../helpers/cluster.ts';

const { signal } = new AbortController();
const before = process.env['KUBECONFIG'];
const said: string[] = [];
const options = (changes: Partial<TargetOptions>): TargetOptions => ({
  keep: true,
  signal,
  progress: (line) => void said.push(line),
  ...changes,
});

let cluster: Cluster;
let dir: string;
let kubeconfig: string;

/** As a user would have it: our cluster under two names, and something else in use. */
beforeAll(async () => {
  cluster = await sharedCluster();
  dir = await mkdtemp(join(tmpdir(), 'voucher-context-'));
  kubeconfig = join(dir, 'config');
  const own = parse(await readFile(cluster.kubeconfigPath, 'utf8'));
  const [{ cluster: server }] = own.clusters;
  const [{ name: user }] = own.users;
  const mine = {
    ...own,
    clusters: [
      { name: 'ours', cluster: server },
      { name: 'foreign', cluster: { ...server, server: `${server.server}/` } },
      { name: 'away', cluster: { ...server, server: 'https://127.0.0.1:1' } },
    ],
    contexts: ['ours', 'foreign', 'away'].map((name) => ({ name, context: { cluster: name, user } })),
    'current-context': 'away',
  };
  await writeFile(kubeconfig, stringify(mine));
  process.env['KUBECONFIG'] = kubeconfig;
}, 1_200_000);

afterAll(async () => {
  if (before === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = before;
  await rm(dir, { recursive: true, force: true });
});

describe('a context', () => {
  it('of one of our own clusters gets the images of this checkout, and the kubeconfig stays as it is', async () => {
    const text = await readFile(kubeconfig, 'utf8');
    const target = await openTarget(options({ context: 'ours' }));
    expect(target).toMatchObject({ images: { kind: 'imported' }, access: { context: 'ours' }, isOurs: false });
    expect(await target.kubernetes.kubectl(['get', 'nodes', '-o', 'name'])).toBe(`node/${cluster.name}\n`);
    expect(said.at(-1)).toMatch(/^using context ours \(https:.*your current context is not changed/);
    expect(await readFile(kubeconfig, 'utf8')).toBe(text);
  });

  it('of another cluster needs images that it can pull', async () => {
    await expect(openTarget(options({ context: 'foreign' }))).rejects.toThrow(
      /--image REGISTRY\/REF and --crowd-image/,
    );
    const pulled = { product: 'registry.example.org/voucher:1', crowd: 'registry.example.org/crowd:1' };
    const { images } = await openTarget(options({ context: 'foreign', pulled }));
    expect(images).toEqual({ kind: 'pulled', ...pulled });
  });

  it.each([
    ['that is not there', 'nobody'],
    ['whose server does not answer', 'away'],
  ])('%s is refused with a remedy', async (_, context) => {
    await expect(openTarget(options({ context }))).rejects.toThrow(/kubectl config get-contexts/);
  });

  it('with a namespace that the demo did not create is not touched', async () => {
    const namespace = await testNamespace(cluster, 'theirs');
    try {
      const platform = {
        target: await openTarget(options({ context: 'ours' })),
        release: 'voucher',
        systemNamespace: namespace.name,
        crowdNamespace: 'no-crowd',
        campaign: {
          campaignId: 'spring',
          namespace: 'no-campaign',
          dataPlaneSecretName: 'data-plane',
          privacySecretName: 'privacy',
        },
        shardMaxBytes: 2 ** 24,
        signal,
        progress: () => undefined,
      };
      await expect(installPlatform(platform)).rejects.toThrow(
        `kubectl label namespace ${namespace.name} voucher-operator.io/demo=true`,
      );
      expect(await namespace.kubectl('get', 'namespace', namespace.name, '-o', 'jsonpath={.status.phase}')).toBe(
        'Active',
      );
    } finally {
      await namespace.remove();
    }
  });
});

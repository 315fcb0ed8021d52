/** The table of pod-trouble.ts against a real kubelet, scheduler and runtime. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseObject } from '../../../operator/kube/objects.ts';
import { type PodWords, wordsOf } from '../../../operator/kube/pods/mount-failures.ts';
import { keepPod } from '../../../operator/kube/pods/pods.ts';
import { tierProblems } from '../../../operator/kube/pods/problems.ts';
import type { Cluster } from '../../../tools/cluster.ts';
import { ensureProductImage, PRODUCT_IMAGE } from '../../../tools/image.ts';
import { sharedCluster, type TestNamespace, testNamespace } from '../../helpers/cluster.ts';
import { eventually } from '../../helpers/eventually.ts';
import { refusedByNode, troubledManifest, troubledPods } from '../../helpers/troubled-pods.ts';

let cluster: Cluster;
let space: TestNamespace;
let want: ReadonlyMap<string, string>;

beforeAll(async () => {
  cluster = await sharedCluster();
  space = await testNamespace(cluster, 'troubled');
  const { signal } = new AbortController();
  await cluster.importImages([await ensureProductImage({ signal, progress: () => undefined })], signal);
  const [node = ''] = (await cluster.kubectl(['get', 'nodes', '-o', 'name'])).split('\n');
  const pods = Object.entries({
    ...troubledPods(PRODUCT_IMAGE),
    ...refusedByNode(PRODUCT_IMAGE, node.replace('node/', '')),
  });
  want = new Map(pods.map(([name, pod]) => [name, pod.want]));
  const items = pods.map(([name, pod]) => troubledManifest(name, pod));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await cluster.kubectl(['--namespace', space.name, 'apply', '--server-side', '-f', '-'], { input });
}, 900_000);

afterAll(async () => {
  await space?.remove();
});

const json = async (...args: readonly string[]): Promise<{ readonly items: readonly unknown[] }> =>
  JSON.parse(await space.kubectl('get', ...args, '-o', 'json'));

/** What the operator says of each pod by itself. */
const told = (pods: readonly unknown[], words: ReadonlyMap<string, PodWords>): readonly (readonly [string, string])[] =>
  pods.map((raw) => {
    const object = parseObject(raw);
    const deployment = parseObject({ ...object, spec: { replicas: 1 }, status: { replicas: 1, updatedReplicas: 1 } });
    const problems = tierProblems({ deployment, pods: [keepPod(object)], words, nowMs: Date.now() });
    const text = problems.map((problem) => {
      if (problem.kind === 'unschedulable') return `unschedulable Unschedulable`;
      return 'reason' in problem ? `${problem.kind} ${problem.reason}` : problem.kind;
    });
    return [object.metadata.name, text.join(', ')];
  });

/** Between a crash and the back-off a busy kubelet shows the crash for most of the time: the name without the back-off counts. */
const isCalled = (text: string | undefined, name: string): boolean =>
  text !== undefined &&
  (text === want.get(name) || text === want.get(name)?.replace(/CrashLoopBackOff \((\w+)\)/, '$1'));

describe('a pod on a real node', () => {
  it('that never gets Ready is called by the name of its trouble', async () => {
    const met = new Map<string, string>();
    const missing = (): readonly string[] => [...want.keys()].filter((name) => !isCalled(met.get(name), name));
    await eventually(
      async () => {
        const { items } = await json('pods');
        const words = wordsOf(await json('events.v1.events.k8s.io'));
        // One that comes and goes, such as a back-off, is met once.
        for (const [name, text] of told(items, words)) if (!isCalled(met.get(name), name)) met.set(name, text);
        const folder = process.env['KEEP_PODS'];
        if (folder !== undefined && missing().length === 0) {
          await writeFile(
            folder,
            JSON.stringify({ pods: items, events: (await json('events.v1.events.k8s.io')).items }),
          );
        }
        return missing().length === 0;
      },
      { timeoutMs: 150_000, everyMs: 1_000, what: 'every pod to be called by its name' },
    ).catch(() => undefined);
    expect(missing().map((name) => [name, met.get(name)])).toEqual([]);
    expect(met.size).toBe(want.size);
  }, 200_000);
});

/** The informer against a real API server that is killed, compacted, cut off and slow: right again within ten seconds. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createKubeAccess, type KubeAccess } from '../../../operator/kube/access.ts';
import { createKubeClient } from '../../../operator/kube/client.ts';
import { Informer, type InformerReport } from '../../../operator/kube/informer.ts';
import type { KubeObject } from '../../../operator/kube/objects.ts';
import { CONFIG_MAPS } from '../../../operator/kube/resources.ts';
import { Store } from '../../../operator/kube/store.ts';
import { systemClock } from '../../../operator/runtime/clock.ts';
import { type ControlPlane, startControlPlane } from '../../helpers/control-plane.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FaultyProxy } from '../../helpers/faulty-proxy.ts';
import { CORE, type KubeWorld, kubeWorld } from '../../helpers/kube-world.ts';

jest.setTimeout(180_000);
const OBJECTS = 600;

let plane: ControlPlane;
let world: KubeWorld;
let proxy: FaultyProxy;
let access: KubeAccess;
let store: Store<KubeObject>;
let informer: Informer<KubeObject>;
let namespace: string;
let running: Promise<void>;
const reports: InformerReport[] = [];
const stop = new AbortController();

const path = (name = ''): string => `${CORE}/namespaces/${namespace}/configmaps${name === '' ? '' : `/${name}`}`;
const bodyOf = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { value },
});
const make = (name: string, value = '0') => plane.call({ method: 'POST', path: path(), body: bodyOf(name, value) });
const edit = (name: string, value: string) =>
  plane.call({ method: 'PUT', path: path(name), body: bodyOf(name, value) });
const remove = (name: string) => plane.call({ method: 'DELETE', path: path(name) });

const words = (objects: Iterable<Pick<KubeObject, 'metadata'>>): string =>
  [...objects]
    .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
    .sort()
    .join('\n');
const lists = (): number => reports.filter(({ kind }) => kind === 'listed').length;

/** Time from now until the store has exactly what the API server has, ms. */
const rightAgain = async (what: string): Promise<number> => {
  const fromMs = performance.now();
  const truth = words((await world.get<{ readonly items: readonly KubeObject[] }>(path())).items);
  await eventually(() => words(store.list()) === truth, {
    timeoutMs: 30_000,
    what: `the store to be right ${what}`,
    everyMs: 10,
  });
  const tookMs = Math.round(performance.now() - fromMs);
  return tookMs;
};

beforeAll(async () => {
  plane = await startControlPlane();
  world = kubeWorld(plane);
  namespace = await world.createNamespace();
  for (let n = 0; n < OBJECTS; n += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, m) => make(`c-${n + m}`)));
  }
  proxy = new FaultyProxy(new URL(plane.url));
  const port = await proxy.start();
  const kubeconfig = join(plane.kubeconfig, '../proxied.kubeconfig');
  const text = await readFile(plane.kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replace(plane.url, `https://127.0.0.1:${port}`));
  access = createKubeAccess({ kubeconfig, env: {}, monotonicMs: systemClock.monotonicMs });
  const client = createKubeClient({ access, clock: systemClock, random: Math.random, userAgent: 'torture' });
  store = new Store<KubeObject>({
    onChange: () => undefined,
    onListenerError: (error) => {
      throw error;
    },
  });
  informer = new Informer<KubeObject>({
    client,
    clock: systemClock,
    random: Math.random,
    store,
    resource: CONFIG_MAPS,
    namespace,
    keep: (object) => object,
    onReport: (report) => void reports.push(report),
    // Everything else as in production; this is how long a half-dead connection may go unnoticed.
    timing: { watchMs: 4_000, graceMs: 1_000 },
  });
  running = informer.run(stop.signal);
  await rightAgain('at the start');
});

afterAll(async () => {
  stop.abort();
  await running;
  await access?.close();
  await proxy?.stop();
  await plane?.stop();
});

describe('an informer', () => {
  it('reads more than one page', () => {
    expect(store.size).toBeGreaterThanOrEqual(OBJECTS);
  });

  it('is right after the API server was killed and started again, three times', async () => {
    for (let round = 0; round < 3; round += 1) {
      await plane.crashApiServer();
      await plane.startApiServer();
      await edit('c-1', `after crash ${round}`);
      expect(await rightAgain(`after crash ${round}`)).toBeLessThan(10_000);
    }
  });

  it('is right after sockets were reset while objects changed', async () => {
    for (let round = 0; round < 10; round += 1) {
      const edits = [edit('c-2', `r${round}`), make(`reset-${round}`), remove(`c-${100 + round}`)];
      proxy.reset();
      await Promise.all(edits);
      expect(await rightAgain(`after reset ${round}`)).toBeLessThan(10_000);
    }
  });

  it('is right after a change, a compaction and a restart that it could not follow', async () => {
    const before = lists();
    proxy.refuse();
    await edit('c-3', 'unseen');
    await remove('c-4');
    await remove('c-5');
    await make('c-5', 'made anew');
    await plane.compact();
    await plane.crashApiServer();
    await plane.startApiServer();
    // The old version must be older than what the API server knows of.
    await edit('c-6', 'after the compaction');
    proxy.pass();
    expect(await rightAgain('after a compaction')).toBeLessThan(10_000);
    expect(lists()).toBeGreaterThan(before);
  });

  it('is right after its connection died without a word', async () => {
    proxy.halfKill();
    await edit('c-7', 'unheard');
    expect(await rightAgain('after a half-dead connection')).toBeLessThan(10_000);
  });

  it('is right after slow lists', async () => {
    proxy.delayMs = 300;
    proxy.refuse();
    await edit('c-8', 'slow');
    await plane.compact();
    await plane.crashApiServer();
    await plane.startApiServer();
    await edit('c-8', 'slower');
    proxy.pass();
    expect(await rightAgain('with 300 ms before every piece')).toBeLessThan(10_000);
    proxy.delayMs = 0;
  });

  it('is right after a burst of 2,000 events', async () => {
    for (let n = 0; n < 100; n += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, m) => edit(`c-${200 + m}`, `b${n}`)));
    }
    expect(await rightAgain('after a burst')).toBeLessThan(10_000);
  });
});

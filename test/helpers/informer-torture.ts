/** An informer of 600 objects behind a faulty proxy, on an API server that can be killed; for tests and evidence. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubeAccess } from '../../operator/kube/access.ts';
import { CONFIG_MAPS } from '../../operator/kube/api-resources.ts';
import { createKubeClient } from '../../operator/kube/client.ts';
import { Informer, type InformerReport } from '../../operator/kube/informer.ts';
import type { KubeObject } from '../../operator/kube/objects.ts';
import { Store } from '../../operator/kube/store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { CORE, kubeWorld } from './kube-world.ts';

export const OBJECTS = 600;

/** What is done, as often as it is done; times until the store had exactly what the API server has, ms. */
export type Ordeal = () => Promise<readonly number[]>;

export const ORDEALS = [
  'the API server was killed and started again, three times',
  'sockets were reset ten times while objects changed',
  'a change, a compaction and a restart that it could not follow (410)',
  'its connection died without a word',
  'lists and everything else came with 300 ms before every piece',
  'a burst of 2,000 events',
] as const;

export interface Torture {
  readonly ordeals: Readonly<Record<(typeof ORDEALS)[number], Ordeal>>;
  readonly store: Store<KubeObject>;
  /** Whole lists so far. */
  lists(): number;
  isRight(): Promise<boolean>;
  stop(): Promise<void>;
}

const words = (objects: Iterable<Pick<KubeObject, 'metadata'>>): string =>
  [...objects]
    .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
    .sort()
    .join('\n');

/** The objects, and what can be done to them. */
const objectsOf = async (plane: ControlPlane) => {
  const world = kubeWorld(plane);
  const namespace = await world.createNamespace();
  const path = (name = ''): string => `${CORE}/namespaces/${namespace}/configmaps${name === '' ? '' : `/${name}`}`;
  const bodyOf = (name: string, value: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { value },
  });
  const make = (name: string, value = '0') => plane.call({ method: 'POST', path: path(), body: bodyOf(name, value) });
  for (let n = 0; n < OBJECTS; n += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, m) => make(`c-${n + m}`)));
  }
  return {
    namespace,
    make,
    edit: (name: string, value: string) => plane.call({ method: 'PUT', path: path(name), body: bodyOf(name, value) }),
    remove: (name: string) => plane.call({ method: 'DELETE', path: path(name) }),
    truth: async () => words((await world.get<{ readonly items: readonly KubeObject[] }>(path())).items),
  };
};

const startInformer = async (plane: ControlPlane, proxy: FaultyProxy, namespace: string) => {
  const kubeconfig = join(plane.kubeconfig, '../proxied.kubeconfig');
  const text = await readFile(plane.kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replace(plane.url, `https://127.0.0.1:${await proxy.start()}`));
  const access = createKubeAccess({ kubeconfig, env: {}, monotonicMs: systemClock.monotonicMs });
  const store = new Store<KubeObject>({
    onChange: () => undefined,
    onListenerError: (error) => {
      throw error;
    },
  });
  const reports: InformerReport[] = [];
  const informer = new Informer<KubeObject>({
    client: createKubeClient({ access, clock: systemClock, random: Math.random, userAgent: 'torture' }),
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
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  return {
    store,
    reports,
    async stop() {
      stopping.abort();
      await running;
      await access.close();
    },
  };
};

export const startTorture = async (): Promise<Torture> => {
  const plane = await startControlPlane();
  const proxy = new FaultyProxy(new URL(plane.url));
  const { namespace, make, edit, remove, truth } = await objectsOf(plane);
  const { store, reports, stop } = await startInformer(plane, proxy, namespace);
  const rightAgain = async (what: string): Promise<number> => {
    const fromMs = performance.now();
    const wanted = await truth();
    await eventually(() => words(store.list()) === wanted, {
      what: `the store to be right after ${what}`,
      everyMs: 10,
    });
    return Math.round(performance.now() - fromMs);
  };
  const restart = async (): Promise<void> => {
    await plane.crashApiServer();
    await plane.startApiServer();
  };
  const rounds = async (count: number, ordeal: (round: number) => Promise<number>): Promise<readonly number[]> => {
    const times: number[] = [];
    for (let round = 0; round < count; round += 1) times.push(await ordeal(round));
    return times;
  };
  const [killed, reset, compacted, silent, slow, burst] = ORDEALS;
  await rightAgain('the start');
  return {
    store,
    lists: () => reports.filter(({ kind }) => kind === 'listed').length,
    isRight: async () => words(store.list()) === (await truth()),
    ordeals: {
      [killed]: () =>
        rounds(3, async (round) => {
          await restart();
          await edit('c-1', `after crash ${round}`);
          return rightAgain(killed);
        }),
      [reset]: () =>
        rounds(10, async (round) => {
          const edits = [edit('c-2', `r${round}`), make(`reset-${round}`), remove(`c-${100 + round}`)];
          proxy.reset();
          await Promise.all(edits);
          return rightAgain(reset);
        }),
      [compacted]: () =>
        rounds(1, async () => {
          proxy.refuse();
          await edit('c-3', 'unseen');
          await remove('c-4');
          await remove('c-5');
          await make('c-5', 'made anew');
          await plane.compact();
          await restart();
          // The old version must be older than what the API server knows of.
          await edit('c-6', 'after the compaction');
          proxy.pass();
          return rightAgain(compacted);
        }),
      [silent]: () =>
        rounds(1, async () => {
          proxy.halfKill();
          await edit('c-7', 'unheard');
          return rightAgain(silent);
        }),
      [slow]: () =>
        rounds(1, async () => {
          proxy.delayMs = 300;
          proxy.refuse();
          await edit('c-8', 'slow');
          await plane.compact();
          await restart();
          await edit('c-8', 'slower');
          proxy.pass();
          const tookMs = await rightAgain(slow);
          proxy.delayMs = 0;
          return tookMs;
        }),
      [burst]: () =>
        rounds(1, async () => {
          for (let n = 0; n < 100; n += 1) {
            await Promise.all(Array.from({ length: 20 }, (_, m) => edit(`c-${200 + m}`, `b${n}`)));
          }
          return rightAgain(burst);
        }),
    },
    async stop() {
      await stop();
      await proxy.stop();
      await plane.stop();
    },
  };
};

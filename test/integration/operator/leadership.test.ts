/** Two operators, restarts and namespaces on a real API server: one acts, nothing shrinks, nothing strays. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { OperatorConfig } from '../../../operator/config.ts';
import { type ControlPlane, startControlPlane } from '../../helpers/control-plane.ts';
import { eventually } from '../../helpers/eventually.ts';
import { watchReplicas } from './watch-replicas.ts';
import {
  APPS,
  applyCrds,
  CORE,
  campaign,
  campaignBody,
  conditionOf,
  createCampaign,
  createNamespace,
  deployment,
  patch,
  type RunningOperator,
  startOperator,
  startStrawKubelet,
} from './world.ts';

jest.setTimeout(180_000);
const SOON = { timeoutMs: 30_000, everyMs: 50 };

let plane: ControlPlane;
const running: RunningOperator[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ scheduler: true });
  await applyCrds(plane);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

afterAll(async () => {
  await plane?.stop();
});

const start = async (changes: Partial<OperatorConfig> & { readonly image?: string } = {}): Promise<RunningOperator> => {
  const one = await startOperator(plane, changes);
  running.push(one);
  return one;
};
const stop = async (one: RunningOperator): Promise<void> => {
  running.splice(running.indexOf(one), 1);
  await one.stop();
};

const lease = { namespace: 'kube-system', name: 'voucher-operator' };
const isLeading = async (one: RunningOperator): Promise<boolean> =>
  /^voucher_operator_leading 1$/m.test(await one.metrics());

const flood = (name: string) =>
  campaignBody(name, { opensInMs: -60_000, spec: { scaling: { peakArrivalsPerSecond: 7_000 } } });
const settled = (namespace: string, name: string, replicas: number) =>
  eventually(async () => (await deployment(plane, namespace, `${name}-intake`))?.spec?.replicas === replicas, {
    ...SOON,
    what: `${replicas} replicas of ${name}`,
  });

describe('two operators', () => {
  it('act one at a time; the second follows when the first ends, and no replica goes', async () => {
    const namespace = await createNamespace(plane);
    const first = await start({ lease, identity: 'first' });
    await eventually(() => isLeading(first), { ...SOON, what: 'the first to lead' });
    const second = await start({ lease, identity: 'second' });
    await createCampaign(plane, namespace, await flood('handed-over'));
    await settled(namespace, 'handed-over', 20);
    expect(await isLeading(second)).toBe(false);

    const watch = watchReplicas(plane, namespace, 'handed-over-intake');
    const endedAtMs = performance.now();
    await stop(first);
    await eventually(() => isLeading(second), { ...SOON, what: 'the second to lead' });
    // Given back: nobody waits for the lease to run out.
    expect(performance.now() - endedAtMs).toBeLessThan(4_000);
    await patch(plane, `${APPS}/namespaces/${namespace}/deployments/handed-over-intake/scale`, {
      spec: { replicas: 25 },
    });
    await settled(namespace, 'handed-over', 20);
    expect(await watch.least()).toBe(20);
  });

  it('stop acting when the lease is taken away', async () => {
    const one = await start({ lease, identity: 'robbed' });
    await eventually(() => isLeading(one), { ...SOON, what: 'it to lead' });
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/voucher-operator';
    await patch(plane, path, {
      spec: { holderIdentity: 'thief', renewTime: new Date().toISOString().replace('Z', '000Z') },
    });
    await eventually(async () => !(await isLeading(one)), { ...SOON, what: 'it to stop' });
    expect(one.log.some((line) => line.includes('the lease was taken by thief'))).toBe(true);
    // The thief never renews.
    await eventually(() => isLeading(one), { ...SOON, what: 'it to lead again' });
  });
});

describe('an operator', () => {
  it('is restarted and upgraded with never a moment of fewer replicas', async () => {
    const namespace = await createNamespace(plane);
    const old = await start();
    await createCampaign(plane, namespace, await flood('upgraded'));
    await settled(namespace, 'upgraded', 20);
    const watch = watchReplicas(plane, namespace, 'upgraded-intake');
    await stop(old);
    await start({ image: 'voucher-operator/app:next' });
    await eventually(
      async () =>
        (await deployment(plane, namespace, 'upgraded-intake'))?.spec?.template.spec?.containers[0]?.image ===
        'voucher-operator/app:next',
      { ...SOON, what: 'the new image' },
    );
    expect(await watch.least()).toBe(20);
  });

  it('looks after the namespaces that it was given, and no others', async () => {
    const [mine, another, foreign] = [
      await createNamespace(plane),
      await createNamespace(plane),
      await createNamespace(plane),
    ];
    await start({ watchNamespaces: [mine, another] });
    for (const namespace of [mine, another, foreign])
      await createCampaign(plane, namespace, await campaignBody('several'));
    await settled(mine, 'several', 2);
    await settled(another, 'several', 2);
    expect((await campaign(plane, foreign, 'several')).status).toBeUndefined();
    expect(await deployment(plane, foreign, 'several-intake')).toBeUndefined();
  });

  it('is not needed for a namespace to end: campaigns carry no finalizer', async () => {
    const namespace = await createNamespace(plane);
    const one = await start();
    await createCampaign(plane, namespace, await campaignBody('left'));
    await settled(namespace, 'left', 2);
    await stop(one);
    const path = `${CORE}/namespaces/${namespace}`;
    await plane.call({ method: 'DELETE', path });
    await eventually(async () => (await plane.answer({ method: 'GET', path })).status === 404, {
      timeoutMs: 60_000,
      what: 'the namespace to be gone',
      everyMs: 200,
    });
  });

  it('says that no node takes the pods, and what they need', async () => {
    const namespace = await createNamespace(plane);
    await start();
    await createCampaign(plane, namespace, await campaignBody('nowhere'));
    const message = async () => conditionOf(await campaign(plane, namespace, 'nowhere'), 'Provisioned')?.message ?? '';
    const want = /No node takes 2 intake pods; needed in all: cpu 1, memory 320Mi\. Add nodes.*no nodes available/;
    await eventually(async () => want.test(await message()), { ...SOON, what: 'the condition' });
    expect(conditionOf(await campaign(plane, namespace, 'nowhere'), 'Provisioned')?.reason).toBe('Unschedulable');
  });

  it('survives an API server that is killed: scales again when it is back', async () => {
    const namespace = await createNamespace(plane);
    const kubelet = startStrawKubelet(plane);
    try {
      await start({ lease, identity: 'survivor' });
      await createCampaign(plane, namespace, await flood('survived'));
      await settled(namespace, 'survived', 20);
      await plane.crashApiServer();
      await eventually(async () => !(await isLeading(running[0] as RunningOperator)), {
        ...SOON,
        what: 'the lease to be lost',
      });
      await plane.startApiServer();
      await patch(plane, `${APPS}/namespaces/${namespace}/deployments/survived-intake/scale`, {
        spec: { replicas: 22 },
      });
      await settled(namespace, 'survived', 20);
    } finally {
      await kubelet.stop();
    }
  });
});

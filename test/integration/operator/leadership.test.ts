/** Two operators, restarts and namespaces on a real API server: one acts, nothing shrinks, nothing strays. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { OperatorConfig } from '../../../operator/config.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { CORE, campaignBody, conditionOf, flood } from '../../helpers/kube-world.ts';
import { startStrawKubelet } from '../../helpers/straw-kubelet.ts';
import { watchReplicas } from '../../helpers/watch-replicas.ts';
import { type OwnWorld, type RunningOperator, startOperator, startWorld } from './world.ts';

const SOON = { everyMs: 50 };

let world: OwnWorld;
const running: RunningOperator[] = [];

beforeAll(async () => {
  world = await startWorld({ scheduler: true });
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

afterAll(async () => {
  await world?.plane.stop();
});

const start = async (changes: Partial<OperatorConfig> & { readonly image?: string } = {}): Promise<RunningOperator> => {
  const one = await startOperator(world.plane, changes);
  running.push(one);
  return one;
};
const stop = async (one: RunningOperator): Promise<void> => {
  running.splice(running.indexOf(one), 1);
  await one.stop();
};

const LEASE_PATH = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/voucher-operator';
const lease = { namespace: 'kube-system', name: 'voucher-operator' };
const isLeading = async (one: RunningOperator): Promise<boolean> =>
  /^voucher_operator_leading 1$/m.test(await one.metrics());

const ticksOf = async (one: RunningOperator): Promise<number> =>
  Number(/^voucher_operator_tick_seconds_count (\d+)$/m.exec(await one.metrics())?.[1] ?? 0);

/** The first tick of a leader takes replicas as they are; from the next on it corrects what others set. */
const hasLookedAtAll = async (one: RunningOperator): Promise<void> => {
  const before = await ticksOf(one);
  await eventually(async () => (await ticksOf(one)) >= before + 20, { ...SOON, what: 'twenty ticks' });
};

describe('two operators', () => {
  it('act one at a time; the second follows when the first ends, and no replica goes', async () => {
    const namespace = await world.createNamespace();
    const first = await start({ lease, identity: 'first' });
    await eventually(() => isLeading(first), { ...SOON, what: 'the first to lead' });
    const second = await start({ lease, identity: 'second' });
    await world.createCampaign(namespace, await flood('handed-over'));
    await world.settled(namespace, 'handed-over', 20);
    expect(await isLeading(second)).toBe(false);

    const watch = watchReplicas(world.plane, namespace, 'handed-over-intake');
    await stop(first);
    // Given back: nobody waits for the lease to run out.
    expect((await world.get<Lease>(LEASE_PATH)).spec?.holderIdentity).not.toBe('first');
    await eventually(() => isLeading(second), { ...SOON, what: 'the second to lead' });
    await hasLookedAtAll(second);
    await world.scale(namespace, 'handed-over-intake', 25);
    await world.settled(namespace, 'handed-over', 20);
    expect(await watch.least()).toBe(20);
  });

  it('keep leading however many namespaces are watched: a renewal waits for no watch', async () => {
    const namespaces: string[] = [];
    for (let n = 0; n < 14; n += 1) namespaces.push(await world.createNamespace());
    const one = await start({ lease, identity: 'many-watches', watchNamespaces: namespaces });
    await eventually(() => isLeading(one), { ...SOON, what: 'it to lead' });
    const spec = async () => (await world.get<Lease>(LEASE_PATH)).spec;
    const acquired = (await spec())?.acquireTime;
    const renewals = new Set<string>();
    await eventually(
      async () => {
        renewals.add((await spec())?.renewTime ?? '');
        return renewals.size >= 15;
      },
      { ...SOON, what: 'fifteen renewals' },
    );
    expect(await isLeading(one)).toBe(true);
    expect((await spec())?.acquireTime).toBe(acquired);
    await world.createCampaign(namespaces.at(-1) ?? '', await campaignBody('last'));
    await world.settled(namespaces.at(-1) ?? '', 'last', 2);
  });

  it('stop acting when the lease is taken away', async () => {
    const one = await start({ lease, identity: 'robbed' });
    await eventually(() => isLeading(one), { ...SOON, what: 'it to lead' });
    await world.patch(LEASE_PATH, {
      spec: { holderIdentity: 'thief', renewTime: new Date().toISOString().replace('Z', '000Z') },
    });
    await eventually(async () => !(await isLeading(one)), { ...SOON, what: 'it to stop' });
    await eventually(() => one.log.some((line) => line.includes('the lease was taken by thief')), {
      ...SOON,
      what: 'a line in the log',
    });
    // The thief never renews.
    await eventually(() => isLeading(one), { ...SOON, what: 'it to lead again' });
  });
});

describe('an operator', () => {
  it('is restarted and upgraded with never a moment of fewer replicas', async () => {
    const namespace = await world.createNamespace();
    const old = await start();
    await world.createCampaign(namespace, await flood('upgraded'));
    await world.settled(namespace, 'upgraded', 20);
    const watch = watchReplicas(world.plane, namespace, 'upgraded-intake');
    await stop(old);
    await start({ image: 'voucher-operator/app:next' });
    await eventually(
      async () =>
        (await world.deployment(namespace, 'upgraded-intake'))?.spec?.template.spec?.containers[0]?.image ===
        'voucher-operator/app:next',
      { ...SOON, what: 'the new image' },
    );
    expect(await watch.least()).toBe(20);
  });

  it('looks after the namespaces that it was given, and no others', async () => {
    const [mine, another, foreign] = [
      await world.createNamespace(),
      await world.createNamespace(),
      await world.createNamespace(),
    ];
    await start({ watchNamespaces: [mine, another] });
    for (const namespace of [mine, another, foreign])
      await world.createCampaign(namespace, await campaignBody('several'));
    await world.settled(mine, 'several', 2);
    await world.settled(another, 'several', 2);
    // What the API server fills in.
    expect((await world.campaign(foreign, 'several')).status).toEqual({ observedGeneration: 0 });
    expect(await world.deployment(foreign, 'several-intake')).toBeUndefined();
  });

  it('is not needed for a namespace to end: campaigns carry no finalizer', async () => {
    const namespace = await world.createNamespace();
    const one = await start();
    await world.createCampaign(namespace, await campaignBody('left'));
    await world.settled(namespace, 'left', 2);
    await stop(one);
    const path = `${CORE}/namespaces/${namespace}`;
    await world.plane.call({ method: 'DELETE', path });
    await eventually(async () => (await world.plane.answer({ method: 'GET', path })).status === 404, {
      what: 'the namespace to be gone',
      everyMs: 200,
    });
  });

  it('says that no node takes the pods, and what they need', async () => {
    const namespace = await world.createNamespace();
    await start();
    await world.createCampaign(namespace, await campaignBody('nowhere'));
    const provisioned = async () => conditionOf(await world.campaign(namespace, 'nowhere'), 'Provisioned');
    const want =
      /No node has room for 2 intake pods; needed in total: cpu 1, memory 352Mi\. Add nodes.*no nodes available/;
    const says = async (): Promise<void> =>
      expect(await provisioned()).toMatchObject({ reason: 'Unschedulable', message: expect.stringMatching(want) });
    await eventuallyHolds(says, { ...SOON, what: 'the condition' });
  });

  it('says how much a quota lacks', async () => {
    const namespace = await world.createNamespace();
    await start();
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'compute' },
      spec: { hard: { 'requests.cpu': '3' } },
    };
    await world.plane.call({ method: 'POST', path: `${CORE}/namespaces/${namespace}/resourcequotas`, body: quota });
    await world.createCampaign(namespace, await flood('poor'));
    const found = await eventually(
      async () => {
        const one = await world.campaign(namespace, 'poor');
        return conditionOf(one, 'Provisioned')?.reason === 'QuotaExceeded' ? one : undefined;
      },
      { ...SOON, what: 'the condition' },
    );
    expect(conditionOf(found, 'Provisioned')?.message).toMatch(
      /ResourceQuota compute is full\. Raise it by requests\.cpu \d+/,
    );
  });

  it('survives an API server that is killed: scales again when it is back', async () => {
    const namespace = await world.createNamespace();
    const kubelet = startStrawKubelet(world.plane);
    try {
      const survivor = await start({ lease, identity: 'survivor' });
      await world.createCampaign(namespace, await flood('survived'));
      await world.settled(namespace, 'survived', 20);
      await world.plane.crashApiServer();
      await eventually(async () => !(await isLeading(survivor)), {
        ...SOON,
        what: 'the lease to be lost',
      });
      await world.plane.startApiServer();
      await eventually(() => isLeading(survivor), { ...SOON, what: 'it to lead again' });
      await hasLookedAtAll(survivor);
      await world.scale(namespace, 'survived-intake', 22);
      await world.settled(namespace, 'survived', 20);
    } finally {
      await kubelet.stop();
    }
  });
});

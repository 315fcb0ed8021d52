/** Two installations on a real API server, with the chart's rights: one acts, the other says so; and namespaces that can't be listed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { CLAIM_LEASE, NOT_SERVED } from '../../../contract/names.ts';
import type { OperatorConfig } from '../../../operator/config.ts';
import { CHART, EXTERNAL, helm, RELEASE } from '../../chart/render.ts';
import { RBAC } from '../../helpers/chart-rights.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { CORE, campaignBody, flood } from '../../helpers/kube-world.ts';
import { namespaceLeftOut } from '../../helpers/outages/namespace-left-out.ts';
import { eventsWith } from '../../helpers/outages/outage.ts';
import { shown } from '../../helpers/outages/shown.ts';
import { twoInstallations } from '../../helpers/outages/two-installations.ts';
import {
  chartRules,
  type OwnWorld,
  operatorAccount,
  type RunningOperator,
  startOperator,
  startWorld,
} from './world.ts';

const SOON = { everyMs: 50 };
const COORDINATION = '/apis/coordination.k8s.io/v1';

let world: OwnWorld;
const running: RunningOperator[] = [];

beforeAll(async () => {
  world = await startWorld();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

afterAll(async () => {
  await world?.plane.stop();
});

const start = async (changes: Partial<OperatorConfig> & { readonly image?: string }): Promise<RunningOperator> => {
  const one = await startOperator(world.plane, changes);
  running.push(one);
  return one;
};
const stop = async (one: RunningOperator): Promise<void> => {
  running.splice(running.indexOf(one), 1);
  await one.stop();
};
const ticksOf = async (one: RunningOperator): Promise<number> =>
  Number(/^voucher_operator_tick_seconds_count (\d+)$/m.exec(await one.metrics())?.[1] ?? 0);
const counted = (one: RunningOperator, text: string): Promise<void> =>
  eventuallyHolds(async () => expect(await one.metrics()).toContain(text), { ...SOON, what: text });
const hasTicked = async (one: RunningOperator, ticks: number): Promise<void> => {
  const before = await ticksOf(one);
  await eventually(async () => (await ticksOf(one)) >= before + ticks, { ...SOON, what: `${ticks} ticks` });
};

const FIRST = { lease: { namespace: 'kube-system', name: 'first' }, identity: 'first-0' };
const SECOND = {
  lease: { namespace: 'default', name: 'second' },
  identity: 'second-0',
  image: 'voucher-operator/app:next',
};

describe('two installations that watch the same namespace', () => {
  it('are one that acts and one that says so: nothing is written twice', async () => {
    const namespace = await world.createNamespace();
    const first = await start(FIRST);
    await world.createCampaign(namespace, await flood('contested'));
    await world.settled(namespace, 'contested', 20);
    await hasTicked(first, 5);
    let second: RunningOperator | undefined;
    const seen = await twoInstallations(
      { api: world.plane, world },
      { namespace, name: 'contested' },
      async () => {
        second = await start(SECOND);
      },
      () => hasTicked(first, 20),
    );
    shown('two installations watch one namespace', seen);
    expect(seen.events).toEqual([
      {
        reason: 'ServedByAnother',
        message: `Installation kube-system/first serves namespace ${namespace}, so installation default/second does not act on its campaigns. Uninstall one of the two, or give each its own operator.watchNamespaces.`,
      },
    ]);
    expect(seen.generations).toBe(0);
    if (second === undefined) throw new Error('the second was not started');
    expect(await ticksOf(second)).toBe(0);
    await counted(second, `voucher_operator_namespaces_not_served{namespace="${namespace}",reason="another"} 1`);
    const toldInLease = async (): Promise<void> => {
      const lease = await world.get<Lease>(`${COORDINATION}/namespaces/default/leases/second`);
      expect(lease.metadata?.annotations?.[NOT_SERVED]).toContain('Installation kube-system/first serves');
    };
    await eventuallyHolds(toldInLease, { ...SOON, what: 'the namespace in the lease' });
  });

  it('would write against each other without claims: the zero above can fail', async () => {
    const namespace = await world.createNamespace();
    await start({ identity: 'first-0' });
    await world.createCampaign(namespace, await flood('fought-over'));
    const before = (await world.settled(namespace, 'fought-over', 20)).metadata?.generation ?? 0;
    await start({ identity: 'second-0', image: SECOND.image });
    await world.there(
      namespace,
      'fought-over-intake',
      ({ metadata }) => (metadata?.generation ?? 0) >= before + 6,
      'six more generations',
    );
  });

  it('hand over when the first is uninstalled, once its claim has not been renewed for a minute', async () => {
    const namespace = await world.createNamespace();
    const first = await start(FIRST);
    await world.createCampaign(namespace, await flood('inherited'));
    await world.settled(namespace, 'inherited', 20);
    await start(SECOND);
    await stop(first);
    const claim = () => world.get<Lease>(`${COORDINATION}/namespaces/${namespace}/leases/${CLAIM_LEASE}`);
    expect((await claim()).spec?.holderIdentity).toBe('kube-system/first');
    await eventually(async () => (await claim()).spec?.holderIdentity === 'default/second', {
      timeoutMs: 150_000,
      what: 'the second to take the claim over',
    });
    await world.there(
      namespace,
      'inherited-intake',
      ({ spec }) => spec?.template.spec?.containers[0]?.image === SECOND.image && spec.replicas === 20,
      'the second to act',
    );
    await eventsWith(world.plane, await world.campaign(namespace, 'inherited'), ['TakenOver']);
  });

  it('are one and the same when it is made again under its name: it acts at once', async () => {
    const namespace = await world.createNamespace();
    const old = await start(FIRST);
    await world.createCampaign(namespace, await flood('again'));
    await world.settled(namespace, 'again', 20);
    await stop(old);
    await start({ ...FIRST, identity: 'first-1', image: 'voucher-operator/app:next' });
    await world.there(
      namespace,
      'again-intake',
      ({ spec }) => spec?.template.spec?.containers[0]?.image === 'voucher-operator/app:next',
      'the new pods’ image',
    );
  });
});

describe('a namespace whose Leases a webhook refuses', () => {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  it('is told as such, not acted on, and served once they are let pass', async () => {
    const namespace = await world.createNamespace();
    const webhook = {
      name: 'guard.voucher.example',
      // Nothing listens there, and it fails closed.
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [{ apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], operations: ['*'], resources: ['leases'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 1,
    };
    await world.plane.call({ method: 'POST', path, body: { metadata: { name: 'guard' }, webhooks: [webhook] } });
    try {
      const one = await start(FIRST);
      await world.createCampaign(namespace, await campaignBody('guarded'));
      const campaign = await world.campaign(namespace, 'guarded');
      const [told] = await eventsWith(world.plane, campaign, ['ClaimUnknown'], { timeoutMs: 90_000 });
      expect(told?.message).toMatch(/^Nothing is decided in namespace .*guard\.voucher\.example.*check its webhooks/);
      await counted(one, `not_served{namespace="${namespace}",reason="unknown"} 1`);
      expect(await world.deployment(namespace, 'guarded-intake')).toBeUndefined();
    } finally {
      await world.plane.call({ method: 'DELETE', path: `${path}/guard` });
    }
    await world.settled(namespace, 'guarded', 2);
  });
});

/** The chart's Role and RoleBinding of one watched namespace, for the account of operatorAccount. */
const bind = async (namespace: string, rules: unknown): Promise<void> => {
  const make = (kind: string, body: object) =>
    world.plane.call({ method: 'POST', path: `${RBAC}/namespaces/${namespace}/${kind}`, body });
  await make('roles', { metadata: { name: 'voucher-operator' }, rules });
  await make('rolebindings', {
    metadata: { name: 'voucher-operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'voucher-operator' },
    subjects: [{ kind: 'ServiceAccount', name: 'voucher-operator', namespace: 'kube-system' }],
  });
};

describe('watched namespaces', () => {
  let kubeconfig: string;
  beforeAll(async () => {
    kubeconfig = await operatorAccount(world.plane);
    // Rights are given namespace by namespace, as with operator.watchNamespaces.
    const path = `${RBAC}/clusterrolebindings/voucher-operator`;
    await world.plane.call({ method: 'DELETE', path });
    const leases = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }];
    await bind('kube-system', leases);
  });

  it('that were deleted are reported and left out, the others served; picked up again when they are back', async () => {
    const here = await world.createNamespace();
    await bind(here, await chartRules());
    const gone = `${here}-gone`;
    await world.createCampaign(here, await campaignBody('stays'));
    // Restarted after the deletion: nothing of it was ever seen.
    let started: RunningOperator | undefined;
    const seen = await namespaceLeftOut(world.plane, gone, FIRST.lease, async () => {
      started = await start({ ...FIRST, kubeconfig, watchNamespaces: [here, gone] });
    });
    shown('a watched namespace can’t be listed', seen);
    expect(seen.events.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Namespace ${gone} is not served: its \\w+ can't be listed \\(.*403 Forbidden.*\\)\\. Create the namespace and run helm upgrade`,
        ),
      ),
    ]);
    if (started === undefined) throw new Error('the operator was not started');
    const one = started;
    await world.settled(here, 'stays', 2);
    await eventually(async () => (await fetch(`http://127.0.0.1:${one.port}/readyz`)).status === 200, {
      ...SOON,
      what: 'an operator that is ready',
    });
    await counted(one, `not_served{namespace="${gone}",reason="refused"} 1`);
    await eventually(() => one.log.some((line) => line.includes('a namespace can not be listed; it is not served')), {
      ...SOON,
      what: 'a line in the log',
    });

    await world.plane.call({ method: 'POST', path: `${CORE}/namespaces`, body: { metadata: { name: gone } } });
    await bind(gone, await chartRules());
    await world.createCampaign(gone, await campaignBody('back'));
    await world.settled(gone, 'back', 2);
    await eventually(async () => !(await one.metrics()).includes(`not_served{namespace="${gone}"`), {
      ...SOON,
      what: 'the metric to go',
    });
  });

  it('that were deleted stand in no upgrade’s way: their Roles are left out, and Helm says so', async () => {
    const [stays, goes] = [await world.createNamespace(), await world.createNamespace()];
    const release = `${stays}-system`;
    await world.plane.call({ method: 'POST', path: `${CORE}/namespaces`, body: { metadata: { name: release } } });
    const values = {
      ...EXTERNAL,
      operator: { watchNamespaces: [stays, goes] },
      // The kinds are there already, and nobody's.
      crds: { install: false },
    };
    const at = ['--namespace', release, '--kubeconfig', world.plane.kubeconfig, '--no-hooks', '--wait=false'];
    await helm(['install', RELEASE, CHART, ...at], values);
    const roles = () => world.plane.answer({ method: 'GET', path: `${RBAC}/namespaces/${goes}/roles/${RELEASE}` });
    expect((await roles()).status).toBe(200);
    const path = `${CORE}/namespaces/${goes}`;
    await world.plane.call({ method: 'DELETE', path });
    await eventually(async () => (await world.plane.answer({ method: 'GET', path })).status === 404, {
      what: 'the namespace to be gone',
      everyMs: 200,
    });
    const said = await helm(['upgrade', RELEASE, CHART, ...at], values);
    expect(said).toContain(`Namespace ${goes} does not exist and is left out. Create it and run helm upgrade again`);
    await world.plane.call({ method: 'POST', path: `${CORE}/namespaces`, body: { metadata: { name: goes } } });
    await helm(['upgrade', RELEASE, CHART, ...at], values);
    expect((await roles()).status).toBe(200);
  });

  it('whose rights lack one kind are left out as a whole: what can not be seen is not taken for absent', async () => {
    const [whole, partial] = [await world.createNamespace(), await world.createNamespace()];
    await bind(whole, await chartRules());
    const rules = (await chartRules()) as readonly { readonly resources: readonly string[] }[];
    await bind(
      partial,
      rules.filter(({ resources }) => !resources.includes('horizontalpodautoscalers')),
    );
    const one = await start({ ...FIRST, kubeconfig, watchNamespaces: [whole, partial] });
    for (const namespace of [whole, partial]) await world.createCampaign(namespace, await campaignBody('rights'));
    await world.settled(whole, 'rights', 2);
    const [seen] = await eventsWith(world.plane, await world.campaign(partial, 'rights'), ['NamespaceLeftOut']);
    expect(seen?.message).toContain("its horizontalpodautoscalers can't be listed");
    expect(await world.deployment(partial, 'rights-intake')).toBeUndefined();
    await stop(one);
  });
});

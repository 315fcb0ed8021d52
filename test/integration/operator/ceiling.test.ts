/**
 * The ceiling as an operator keeps it on a real API server without the chart's policies: what nobody refuses, the operator
 * must not honour.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { APPS, campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { eventsWith } from '../../helpers/outages/outage.ts';
import { startStrawKubelet } from '../../helpers/straw-kubelet.ts';
import { type ManagedWorld, operatorAccount, startManagedWorld, startOperator, startWorld } from './world.ts';

const SOON = { everyMs: 50 };
const HOUR_MS = 3_600_000;

let world: ManagedWorld;

beforeAll(async () => {
  world = await startManagedWorld();
});

afterAll(() => world?.stop());

/** Opens in four minutes; the forecast needs 20, and 12 are authorised. */
const held = (name: string, scaling: object = {}) =>
  campaignBody(name, {
    opensInMs: 240_000,
    spec: {
      traffic: { admissionPerSecond: 100_000 },
      scaling: {
        peakArrivalsPerSecond: 7_000,
        down: { holdAfterOpen: '2h' },
        authorized: { ceilings: { intake: 12, records: 6 } },
        ...scaling,
      },
    },
  });
const plansOf = async (namespace: string): Promise<readonly ScalePlan[]> =>
  (await world.get<{ readonly items: readonly ScalePlan[] }>(`${GROUP}/namespaces/${namespace}/scaleplans`)).items;
const planOf = (namespace: string, state: string): Promise<ScalePlan> =>
  eventually(async () => (await plansOf(namespace)).find(({ status }) => status?.state === state), {
    ...SOON,
    what: `a plan that is ${state}`,
  });
const pathOf = ({ metadata }: ScalePlan): string =>
  `${GROUP}/namespaces/${metadata.namespace}/scaleplans/${metadata.name}`;
const approve = (plan: ScalePlan, forMs = HOUR_MS) =>
  world.patch(pathOf(plan), {
    spec: {
      decision: {
        verdict: 'Approved',
        decidedBy: 'li.wei',
        ceilingUntil: new Date(Date.now() + forMs).toISOString(),
      },
    },
  });
const makePlan = async (namespace: string, campaign: string, expiresInMs: number): Promise<ScalePlan> => {
  const body = {
    apiVersion: 'voucher-operator.io/v1alpha1',
    kind: 'ScalePlan',
    metadata: { name: `${campaign}-by-hand` },
    spec: {
      campaignName: campaign,
      campaignId: campaign,
      reason: 'Load',
      ceilings: { intake: 16 },
      evidence: [{ signal: 'intakeReplicasNeeded', value: 20, ageSeconds: 0 }],
      expiresAt: new Date(Date.now() + expiresInMs).toISOString(),
    },
  };
  return (await world.plane.call({
    method: 'POST',
    path: `${GROUP}/namespaces/${namespace}/scaleplans`,
    body,
  })) as ScalePlan;
};
/** That it stays so: a raise that would come has come by then. Its helper scales it down, and the operator up again. */
const staysAt = async (namespace: string, campaign: string, replicas: number): Promise<void> => {
  await world.scale(namespace, `${campaign}-intake`, 3);
  await world.settled(namespace, campaign, replicas);
};
const said = async (namespace: string, campaign: string, ...reasons: readonly string[]): Promise<unknown> =>
  eventsWith(world.plane, await world.campaign(namespace, campaign), reasons);

describe('a plan', () => {
  it('is there when the campaign is applied, says what it changes, and is carried out when it is approved', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('spring'));
    const plan = await planOf(namespace, 'Pending');
    expect(plan.spec).toMatchObject({ reason: 'Forecast', ceilings: { intake: 30 } });
    expect(plan.spec.effect?.without.late).toBeGreaterThan(plan.spec.effect?.with.late ?? Number.NaN);
    expect(plan.spec.summary?.['zh-CN']).toContain('请于');
    await world.settled(namespace, 'spring', 12);
    await approve(plan);
    await world.settled(namespace, 'spring', 20);
    const { status } = await planOf(namespace, 'Approved');
    expect(Date.parse(status?.decidedAt ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('ends at once when it is revoked: a Deployment that is made anew is within what is authorised', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('revoked'));
    const plan = await planOf(namespace, 'Pending');
    await approve(plan);
    await world.settled(namespace, 'revoked', 20);
    await planOf(namespace, 'Approved');
    await world.patch(pathOf(plan), { spec: { revocation: { revokedBy: 'li.wei', reason: 'the database is full' } } });
    await planOf(namespace, 'Revoked');
    await world.plane.call({ method: 'DELETE', path: `${APPS}/namespaces/${namespace}/deployments/revoked-intake` });
    await world.settled(namespace, 'revoked', 12);
    await said(namespace, 'revoked', 'PlanApproved', 'PlanRevoked');
    // Who has just said no is not asked again.
    expect(await plansOf(namespace)).toHaveLength(1);
  });

  it('gives way to one that asks for more when the need grows', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('grown'));
    const first = await planOf(namespace, 'Pending');
    const path = `${GROUP}/namespaces/${namespace}/vouchercampaigns/grown`;
    await world.patch(path, { spec: { scaling: { peakArrivalsPerSecond: 14_000 } } });
    const superseded = await planOf(namespace, 'Superseded');
    expect(superseded.metadata.name).toBe(first.metadata.name);
    expect((await planOf(namespace, 'Pending')).spec.ceilings.intake).toBe(50);
  });
});

describe('a decision that nobody refuses', () => {
  it('does not count when it comes after the plan has expired', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('late'));
    await world.settled(namespace, 'late', 12);
    await approve(await makePlan(namespace, 'late', -2_000));
    await planOf(namespace, 'Void');
    await staysAt(namespace, 'late', 12);
    await said(namespace, 'late', 'PlanVoid');
  });

  it('does not count on a plan that gave way', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('outdone'));
    await world.settled(namespace, 'outdone', 12);
    // The campaign's own plan asks for 30.
    const small = await makePlan(namespace, 'outdone', HOUR_MS);
    await planOf(namespace, 'Superseded');
    await approve(small);
    await staysAt(namespace, 'outdone', 12);
    expect((await planOf(namespace, 'Superseded')).metadata.name).toBe(small.metadata.name);
  });
});

describe('nothing goes above the ceiling', () => {
  it('neither pre-warming nor min-override, nor a status that somebody forged', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('held'));
    await world.settled(namespace, 'held', 12);
    const path = `${GROUP}/namespaces/${namespace}/vouchercampaigns/held`;
    const until = new Date(Date.now() + HOUR_MS).toISOString();
    await world.patch(path, {
      metadata: { annotations: { 'voucher-operator.io/min-override': `intake=40 until ${until}` } },
    });
    const tiers = { intake: { replicas: 90, ready: 90, desired: 90, ceiling: 90, limitedBy: 'Load' } };
    await world.patch(`${path}/status`, { status: { tiers } });
    await staysAt(namespace, 'held', 12);
    await world.plane.call({ method: 'DELETE', path: `${APPS}/namespaces/${namespace}/deployments/held-intake` });
    await world.settled(namespace, 'held', 12);
  });

  it('not even when the operator’s clock says that a window has begun', async () => {
    const own = await startWorld();
    const kubelet = startStrawKubelet(own.plane);
    const operator = await startOperator(own.plane, {
      kubeconfig: await operatorAccount(own.plane),
      clock: { ...systemClock, now: () => Date.now() + HOUR_MS },
    });
    try {
      const namespace = await own.createNamespace();
      const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
      const windows = [{ from: at(HOUR_MS / 2), until: at(2 * HOUR_MS), ceilings: { intake: 30 } }];
      const authorized = { ceilings: { intake: 12, records: 6 }, windows };
      await own.createCampaign(namespace, await held('early', { authorized }));
      await own.settled(namespace, 'early', 12);
      // It wants 20, says so, and is held back by the clock of the API server.
      await eventually(
        async () => {
          const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
          const { items } = await own.get<{ readonly items: readonly { readonly reason: string }[] }>(path);
          return items.some(({ reason }) => reason === 'CeilingHeld');
        },
        { ...SOON, what: 'the operator to say that it was held' },
      );
      expect((await own.deployment(namespace, 'early-intake'))?.spec?.replicas).toBe(12);
    } finally {
      await operator.stop();
      await kubelet.stop();
      await own.plane.stop();
    }
  });
});

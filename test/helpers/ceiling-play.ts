/**
 * Many faults in a minute: two operators are killed and cut off at random, an owner grants, revokes and changes ceilings,
 * and another person scales, deletes and forges objects. All the time the operator needs more replicas than are
 * authorised: the forecast needs 30, and at most 25 are authorised.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { seededRandom } from '../../local/load/random.ts';
import { createSpawner } from '../../local/managed-process.ts';
import { startReaper } from '../../local/reaper.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { operatorAccount, startWorld } from '../integration/operator/world.ts';
import { type CeilingCheck, type Raise, startCeilingCheck } from './ceiling-check.ts';
import { type CeilingOperator, ceilingOperator } from './ceiling-operator.ts';
import { RBAC } from './chart-rights.ts';
import { eventually } from './eventually.ts';
import { APPS, campaignBody, GROUP } from './kube-world.ts';
import { startStrawKubelet } from './straw-kubelet.ts';

const CAMPAIGN = 'flood';
const STANDING = [6, 9, 12] as const;
const GRANTED = 25;

export interface CeilingPlayOptions {
  readonly seconds: number;
  /** Goes on until there are so many: on a slow machine a minute has fewer. */
  readonly leastDeeds?: number;
  readonly seed: number;
  readonly ignoresCeiling: boolean;
  readonly signal: AbortSignal;
}

export interface CeilingPlayResult {
  readonly raises: readonly Raise[];
  readonly violations: readonly Raise[];
  /** Writes of replicas by the operator, by the watch and by the audit log. */
  readonly writes: number;
  readonly audited: number;
  readonly deeds: Readonly<Record<string, number>>;
}

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

export const playCeiling = async ({ seconds, leastDeeds = 0, seed, ignoresCeiling, signal }: CeilingPlayOptions) => {
  const source = seededRandom(seed);
  const random = (): number => source.next();
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const oneOf = <T>(all: readonly T[]): T | undefined => all[between(0, all.length - 1)];

  const dir = await mkdtemp(join(tmpdir(), 'ceiling-'));
  const world = await startWorld();
  const { plane } = world;
  const reaper = startReaper();
  const kubelet = startStrawKubelet(plane);
  const operators: CeilingOperator[] = [];
  let check: CeilingCheck | undefined;
  try {
    const namespace = await world.createNamespace();
    const plansPath = `${GROUP}/namespaces/${namespace}/scaleplans`;
    const campaignPath = `${GROUP}/namespaces/${namespace}/vouchercampaigns/${CAMPAIGN}`;
    const deploymentPath = `${APPS}/namespaces/${namespace}/deployments/${CAMPAIGN}-intake`;
    const kubeconfig = await operatorAccount(plane);
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] };
    const path = `${RBAC}/namespaces/${namespace}`;
    await plane.call({
      method: 'POST',
      path: `${path}/roles`,
      body: { metadata: { name: 'leader' }, rules: [leases] },
    });
    await plane.call({
      method: 'POST',
      path: `${path}/rolebindings`,
      body: {
        metadata: { name: 'leader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'leader' },
        subjects: [{ kind: 'ServiceAccount', name: 'voucher-operator', namespace: 'kube-system' }],
      },
    });
    check = startCeilingCheck(plane, namespace);
    const spawn = createSpawner(reaper);
    for (const name of ['one', 'two']) {
      const options = { name, dir, kubeconfig, server: new URL(plane.url), namespace, ignoresCeiling, spawn };
      operators.push(await ceilingOperator(options));
    }
    await Promise.all(operators.map((one) => one.start()));
    const spec = {
      scaling: {
        peakArrivalsPerSecond: 10_500,
        down: { holdAfterOpen: '2h' },
        authorized: { ceilings: { intake: STANDING[0], records: 4 } },
      },
    };
    await world.createCampaign(namespace, await campaignBody(CAMPAIGN, { opensInMs: 600_000, spec }));
    await eventually(async () => (await world.deployment(namespace, `${CAMPAIGN}-intake`)) !== undefined, {
      what: 'the first Deployment',
    });

    const plans = async (): Promise<readonly ScalePlan[]> =>
      (await world.get<{ readonly items: readonly ScalePlan[] }>(plansPath)).items;
    const patch = (where: string, body: object): Promise<unknown> => world.patch(where, body);
    let made = 0;
    const decide = (plan: string, grantMs: number): Promise<unknown> =>
      patch(`${plansPath}/${plan}`, {
        spec: { decision: { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil: inMs(grantMs) } },
      });
    const newPlan = async (expiresInMs: number, intake: number): Promise<string> => {
      made += 1;
      const name = `by-hand-${made}`;
      const evidence = [{ signal: 'intakeReplicasNeeded', value: 30, ageSeconds: 0 }];
      const what = { campaignName: CAMPAIGN, campaignId: CAMPAIGN, reason: 'Load', ceilings: { intake }, evidence };
      await plane.call({
        method: 'POST',
        path: plansPath,
        body: {
          apiVersion: 'voucher-operator.io/v1alpha1',
          kind: 'ScalePlan',
          metadata: { name },
          spec: { ...what, expiresAt: inMs(expiresInMs) },
        },
      });
      return name;
    };
    const lead = (): CeilingOperator => oneOf(operators) ?? operators[0] ?? fail('there is no operator');

    const deeds: Readonly<Record<string, () => Promise<unknown>>> = {
      async scaleToOne() {
        await world.scale(namespace, `${CAMPAIGN}-intake`, 1);
      },
      scaleDown: () => world.scale(namespace, `${CAMPAIGN}-intake`, between(2, 5)),
      deleteDeployment: () => plane.call({ method: 'DELETE', path: deploymentPath }),
      lowerOrRaise: () =>
        patch(campaignPath, { spec: { scaling: { authorized: { ceilings: { intake: oneOf(STANDING) } } } } }),
      addWindow: () =>
        patch(campaignPath, {
          spec: {
            scaling: {
              authorized: {
                windows: [
                  { from: inMs(between(0, 1_500)), until: inMs(between(5_000, 9_000)), ceilings: { intake: 18 } },
                ],
              },
            },
          },
        }),
      grant: async () => decide(await newPlan(60_000, GRANTED), between(4_000, 9_000)),
      /** No admission policy stops it here, so the operator must. */
      grantTooLate: async () => decide(await newPlan(-5_000, 400), 60_000),
      grantSuperseded: async () => {
        const plan = await newPlan(60_000, 400);
        await patch(`${plansPath}/${plan}/status`, { status: { state: 'Superseded' } });
        await decide(plan, 60_000);
      },
      async revoke() {
        const granted = (await plans()).find(
          ({ spec: { decision, revocation } }) =>
            decision?.ceilingUntil !== undefined &&
            revocation === undefined &&
            Date.parse(decision.ceilingUntil) > Date.now(),
        );
        if (granted === undefined) return;
        const revocation = { revokedBy: 'li.wei', reason: 'enough' };
        await patch(`${plansPath}/${granted.metadata.name}`, { spec: { revocation } });
      },
      async deletePlan() {
        const plan = oneOf(await plans());
        if (plan !== undefined) await plane.call({ method: 'DELETE', path: `${plansPath}/${plan.metadata.name}` });
      },
      minOverride: () =>
        patch(campaignPath, {
          metadata: { annotations: { 'voucher-operator.io/min-override': `intake=40 until ${inMs(4_000)}` } },
        }),
      forgeStatus: () =>
        patch(`${campaignPath}/status`, {
          status: {
            tiers: { intake: { replicas: 400, ready: 400, desired: 400, ceiling: 400, limitedBy: 'Load' } },
            scaler: 'forged',
          },
        }),
      async kill() {
        const one = lead();
        await one.kill();
        await one.start();
      },
      async cutOff() {
        lead().proxy.halfKill();
      },
      async reset() {
        lead().proxy.reset();
      },
      async slow() {
        lead().proxy.delayMs = between(0, 1_500);
      },
      async refuse() {
        const { proxy } = lead();
        proxy.refuse();
        await pause(between(300, 2_500));
        proxy.pass();
      },
    };
    // Duration and distance of faults are random.
    const pause = (ms: number): Promise<void> => sleep(systemClock, ms, signal);
    const done: Record<string, number> = {};
    const endsAtMs = Date.now() + seconds * 1_000;
    const names = Object.keys(deeds);
    for (let count = 0; Date.now() < endsAtMs || count < leastDeeds; count += 1) {
      signal.throwIfAborted();
      // What makes the operator raise is most frequent.
      const name = random() < 0.4 ? 'scaleToOne' : (oneOf(names) ?? 'scaleToOne');
      done[name] = (done[name] ?? 0) + 1;
      // The Deployment or the plan may just be gone.
      await deeds[name]?.().catch(() => undefined);
      await pause(between(100, 900));
      if (random() < 0.3) for (const { proxy } of operators) proxy.delayMs = 0;
    }

    await Promise.all(operators.map((one) => one.stop()));
    const audit = async (): Promise<number> =>
      (await plane.audit()).filter(
        ({ userAgent, verb, resource, namespace: where, code }) =>
          userAgent === 'voucher-operator' &&
          where === namespace &&
          code < 300 &&
          (resource === 'deployments/scale' || (resource === 'deployments' && verb === 'create')),
      ).length;
    const seen = check;
    // The last write may be on its way to the watch.
    await eventually(async () => (await audit()) === seen.writes, {
      what: 'the watch to have seen every audited write',
    }).catch(() => undefined);
    const { raises, violations, writes } = seen;
    return { raises, violations, writes, audited: await audit(), deeds: done } satisfies CeilingPlayResult;
  } finally {
    await check?.stop();
    for (const one of operators) await one.stop().catch(() => undefined);
    await kubelet.stop();
    await plane.stop();
    await reaper.stop();
    await rm(dir, { recursive: true, force: true });
  }
};

const fail = (message: string): never => {
  throw new Error(message);
};

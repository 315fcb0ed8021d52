import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aPlan } from '../../helpers/audit-history.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';

const { signal } = new AbortController();
const MINUTE_MS = 60_000;
let clock: FakeClock;
let world: FakeWorld;
let reconciler: Reconciler;

beforeEach(() => {
  clock = new FakeClock(OPENS_AT_MS + MINUTE_MS);
  world = new FakeWorld(clock);
  reconciler = createReconciler(world.deps());
});

const running = async (campaign: VoucherCampaign): Promise<void> => {
  for (let pass = 0; pass < 6; pass += 1) {
    await reconciler.reconcile(campaign, signal);
    world.settlePods();
  }
  world.writes.length = 0;
  world.events.length = 0;
};
const readyOf = () => world.statuses.at(-1)?.conditions?.find(({ type }) => type === 'Ready');
const closesAt = (text: string): VoucherCampaign => {
  const campaign = aCampaign();
  return { ...campaign, spec: { ...campaign.spec, window: { ...campaign.spec.window, closesAt: text } } };
};

describe('a campaign that can not be read', () => {
  it('says so by condition and event, keeps its replicas and its settings, and comes back by itself', async () => {
    await running(aCampaign());
    const replicas = world.deployments.get('chengdu-intake')?.replicas;
    const broken = closesAt('2020-09-25T18:00:00,5+08:00');
    const { requeueAfterMs } = await reconciler.reconcile(broken, signal);
    expect(requeueAfterMs).toBe(30_000);
    expect(world.writes).toEqual(['status']);
    expect(readyOf()).toMatchObject({
      status: 'False',
      reason: 'SpecUnreadable',
      message:
        'spec.window.closesAt is "2020-09-25T18:00:00,5+08:00", which is not an instant: write date, time and offset, such as 2027-03-01T10:00:00+08:00, with three decimals of a second at most. Meanwhile nothing is decided for this campaign: replicas are kept, and pods go on with their last settings.',
    });
    expect(world.events).toEqual([{ type: 'Warning', reason: 'SpecUnreadable', message: readyOf()?.message }]);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(replicas);

    clock.jump(30_000);
    await reconciler.reconcile(broken, signal);
    expect(world.writes).toEqual(['status']);
    expect(world.events).toHaveLength(1);

    await reconciler.reconcile(closesAt('2020-09-25T18:00:00.5+08:00'), signal);
    expect(readyOf()).toMatchObject({ status: 'True', reason: 'AllTiersReady' });
  });

  it('is none whose instants an older schema let pass, as programs write them', async () => {
    const { spec, ...rest } = aCampaign();
    const window = { opensAt: '2020-09-25T10:00:00.000000+08:00', closesAt: '2020-09-25t18:00:00.123456+08:00' };
    await running({ ...rest, spec: { ...spec, window } });
    expect(readyOf()).toMatchObject({ status: 'True', reason: 'AllTiersReady' });
    expect(world.statuses.at(-1)?.stage).toBe('Open');
    expect(world.settings?.window).toEqual({
      opensAt: '2020-09-25T02:00:00.000Z',
      closesAt: '2020-09-25T10:00:00.123Z',
    });
  });

  it('gets every condition also when it was never looked at before', async () => {
    await reconciler.reconcile(closesAt('never'), signal);
    const conditions = world.statuses.at(-1)?.conditions ?? [];
    expect(conditions.map(({ type, reason }) => `${type} ${reason}`)).toContain('Open NotYetObserved');
    expect(readyOf()?.reason).toBe('SpecUnreadable');
    expect(world.statuses.at(-1)?.stage).toBe('Pending');
  });

  it('can be deleted all the same', async () => {
    const broken = closesAt('never');
    const deleted = {
      ...broken,
      metadata: { ...broken.metadata, deletionTimestamp: new Date(clock.now()).toISOString() },
    };
    await reconciler.reconcile(deleted, signal);
    expect(world.failures).toEqual([]);
  });
});

describe('a look at a campaign that fails', () => {
  it('is told from the second time on, and the failure goes to whoever tries again', async () => {
    await running(aCampaign());
    world.failing.add('observe');
    await expect(reconciler.reconcile(aCampaign(), signal)).rejects.toThrow();
    expect(world.writes).toEqual([]);
    await expect(reconciler.reconcile(aCampaign(), signal)).rejects.toThrow();
    expect(readyOf()).toMatchObject({
      status: 'False',
      reason: 'TickFailed',
      message: expect.stringContaining('observe is down'),
    });
    expect(world.events.map(({ reason }) => reason)).toEqual(['TickFailed']);
    world.failing.clear();
    await reconciler.reconcile(aCampaign(), signal);
    expect(readyOf()).toMatchObject({ status: 'True', reason: 'AllTiersReady' });
  });
});

describe('a plan that can not be read', () => {
  it('grants nothing, is told, and stops nothing else', async () => {
    const sound = aPlan('sound', { expiresAt: 30 });
    world.plans.push({ ...sound, spec: { ...sound.spec, expiresAt: '2020-09-25T18:00:00,5+08:00' } });
    await running(aCampaign());
    const pending = world.statuses.at(-1)?.conditions?.find(({ type }) => type === 'PlanPending');
    expect(pending).toMatchObject({ status: 'Unknown', reason: 'PlanUnreadable' });
    expect(pending?.message).toMatch(
      /^ScalePlan chengdu-sound can't be read and grants nothing: spec\.expiresAt is .*Delete it;/,
    );
    expect(readyOf()).toMatchObject({ status: 'True' });
  });
});

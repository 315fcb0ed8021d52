import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { AuditSweeper } from '../../../operator/audit/audit-sweeper.ts';
import { createReconciler } from '../../../operator/tick/reconcile.ts';
import { OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aPlan, approval, at, campaignWith } from '../../helpers/audit-history.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';

const never = new AbortController().signal;
const ID = 'chengdu-2020-3';
const stepsOf = (log: FakeAuditLog): readonly string[] => log.entries(ID).map(({ step }) => step);

/** A campaign in its flood, whose reconciler appends to this log. */
const aFlood = (log: FakeAuditLog) => {
  const clock = new FakeClock(OPENS_AT_MS + 60_000);
  const world = new FakeWorld(clock);
  const reconciler = createReconciler({ ...world.deps(), audit: log });
  const campaign = campaignWith({});
  const tick = async (): Promise<void> => {
    world.readings = freshReadings(clock.now(), { arrivals: 12_000 });
    const running = reconciler.reconcile(campaign, never);
    await clock.advance(1_000);
    await running;
    await settle();
    world.settlePods();
  };
  return { clock, world, tick };
};

describe('the trail of a campaign in its flood', () => {
  it('follows the need from the plan through the decision to the replicas', async () => {
    const log = new FakeAuditLog();
    const { clock, world, tick } = aFlood(log);
    await tick();
    await tick();
    await tick();
    expect(stepsOf(log)).toEqual(['campaign_created', 'campaign_opened', 'plan_proposed']);
    const [plan] = world.plans;
    if (plan === undefined) throw new Error('no plan');
    // Longer than the ten minutes before its end in which a renewal is asked for.
    const untilMs = clock.now() + 660_000;
    const ceilingUntil = new Date(untilMs).toISOString();
    world.plans[0] = {
      ...plan,
      spec: { ...plan.spec, decision: { verdict: 'Approved', decidedBy: 'owner', ceilingUntil } },
      status: { decidedAt: new Date(clock.now()).toISOString() },
    };
    await tick();
    await tick();
    expect(stepsOf(log).slice(3)).toEqual(['plan_approved', 'grant_used']);
    expect(log.entries(ID).at(-1)).toMatchObject({
      plan: plan.metadata.name,
      tier: 'intake',
      from: 20,
      to: world.deployments.get('chengdu-intake')?.replicas,
      ceiling: plan.spec.ceilings.intake,
    });
    while (clock.now() < untilMs) await tick();
    await tick();
    expect(stepsOf(log)).toContain('grant_ended');
  });

  it('does not hold up a tick while the journal is away, and has all of it afterwards', async () => {
    const log = new FakeAuditLog();
    const { world, tick } = aFlood(log);
    log.outage = new Error('no journal');
    await tick();
    await tick();
    expect(world.failures).toContain('keep_audit');
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(20);
    log.outage = undefined;
    for (let k = 0; k < 12; k += 1) await tick();
    expect(stepsOf(log)).toEqual(['campaign_created', 'campaign_opened', 'plan_proposed']);
  });
});

describe('trails of campaigns that are gone', () => {
  const world = () => {
    const clock = new FakeClock(at(5));
    const log = new FakeAuditLog();
    const campaigns: VoucherCampaign[] = [];
    const plans: ScalePlan[] = [];
    const failures: unknown[] = [];
    const sweeper = (
      changes: {
        readonly site?: string;
        readonly watchNamespaces?: readonly string[];
        readonly isServed?: (namespace: string) => boolean;
      } = {},
    ) =>
      new AuditSweeper({
        clock,
        log,
        living: { campaigns: () => campaigns, plansOf: () => plans },
        site: 'default',
        watchNamespaces: [],
        isServed: () => true,
        onFailure: (cause) => failures.push(cause),
        ...changes,
      });
    const keep = async (campaign: VoucherCampaign, site = 'default'): Promise<void> => {
      const own = new FakeWorld(clock);
      own.plans.push(...plans);
      const options = { ...own.deps().options, site };
      const running = createReconciler({ ...own.deps(), options, audit: log }).reconcile(campaign, never);
      await clock.advance(500);
      await running;
      await settle();
    };
    return { clock, log, campaigns, plans, failures, sweeper, keep };
  };
  const decided = aPlan('p1', { decision: approval(90), decidedAt: 3 });

  it('end at once when the watch tells the deletion, and go on with the plans that are left', async () => {
    const { clock, log, plans, sweeper, keep } = world();
    const campaign = campaignWith({});
    plans.push(decided, aPlan('p2', { expiresAt: 8 }));
    await keep(campaign);
    const one = sweeper();
    one.gone(campaign);
    await one.sweep(never);
    expect(stepsOf(log).at(-1)).toBe('campaign_deleted');

    await clock.advance(4 * 60_000);
    await one.sweep(never);
    expect(stepsOf(log).at(-1)).toBe('plan_expired');
    plans.length = 0;
    await one.sweep(never);
    await clock.advance(10_000);
    await one.sweep(never);
    expect(stepsOf(log).slice(-3).toSorted()).toEqual(['grant_ended', 'plan_deleted', 'plan_deleted']);
    const before = [log.reads, log.appends];
    await one.sweep(never);
    expect([log.reads, log.appends]).toEqual(before);
  });

  it('end when nobody watched the deletion, but not before it is sure', async () => {
    const { clock, log, sweeper, keep } = world();
    await keep(campaignWith({}));
    const one = sweeper();
    await one.sweep(never);
    await clock.advance(9_000);
    await one.sweep(never);
    expect(stepsOf(log)).not.toContain('campaign_deleted');
    await clock.advance(1_000);
    await one.sweep(never);
    expect(stepsOf(log).filter((step) => step === 'campaign_deleted')).toHaveLength(1);
  });

  it('are two objects when a campaign was deleted and made again', async () => {
    const { clock, log, campaigns, sweeper, keep } = world();
    await keep(campaignWith({}));
    const { metadata, ...rest } = campaignWith({});
    const again = { ...rest, metadata: { ...metadata, uid: 'uid-2' } };
    campaigns.push(again);
    await keep(again);
    const one = sweeper();
    await one.sweep(never);
    await clock.advance(10_000);
    await one.sweep(never);
    const deleted = log.entries(ID).filter(({ step }) => step === 'campaign_deleted');
    expect(deleted.map(({ uid }) => uid)).toEqual(['uid-1']);
  });

  it.each([
    ['another site', { site: 'north' }],
    ['another installation’s namespaces', { watchNamespaces: ['elsewhere'] }],
    ['whoever can list their namespace', { isServed: () => false }],
  ])('are left to %s', async (_, changes) => {
    const { clock, log, sweeper, keep } = world();
    await keep(campaignWith({}));
    const one = sweeper(changes);
    await one.sweep(never);
    await clock.advance(20_000);
    await one.sweep(never);
    expect(stepsOf(log)).not.toContain('campaign_deleted');
  });

  it('are tried again after an outage', async () => {
    const { clock, log, failures, sweeper, keep } = world();
    const campaign = campaignWith({});
    await keep(campaign);
    const stop = new AbortController();
    log.outage = new Error('no journal');
    const one = sweeper();
    one.gone(campaign);
    const running = one.run(stop.signal);
    await clock.advance(1_000);
    expect(failures).toHaveLength(1);
    log.outage = undefined;
    await clock.advance(5_000);
    expect(stepsOf(log).at(-1)).toBe('campaign_deleted');
    stop.abort();
    await clock.advance(1);
    await running;
  });
});

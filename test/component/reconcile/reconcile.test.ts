import { beforeEach, describe, expect, it } from '@jest/globals';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, OPENS_AT_MS, VERIFICATION } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeWorld, Refused } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
let clock: FakeClock;
let world: FakeWorld;
let reconciler: Reconciler;

beforeEach(() => {
  clock = new FakeClock(OPENS_AT_MS - HOUR_MS);
  world = new FakeWorld(clock);
  reconciler = createReconciler(world.deps());
});

/** Ticks until the operator has nothing more to write. */
const converge = async (campaign = aCampaign()): Promise<void> => {
  for (let pass = 0; pass < 6; pass += 1) {
    await reconciler.reconcile(campaign, signal);
    world.settlePods();
  }
  world.writes.length = 0;
};

/** A tick against a world that may hang: time passes until it ends. */
const timed = async (campaign = aCampaign()) => {
  const startMs = clock.now();
  let outcome: { readonly tookMs: number; readonly error?: unknown } | undefined;
  const tick = reconciler.reconcile(campaign, signal).then(
    () => {
      outcome = { tookMs: clock.now() - startMs };
    },
    (error: unknown) => {
      outcome = { tookMs: clock.now() - startMs, error };
    },
  );
  for (let ms = 0; ms < 20_000 && outcome === undefined; ms += 10) await clock.advance(10);
  await tick;
  return outcome;
};

describe('reconcile', () => {
  it('first readies what pods need, then creates them, then settles', async () => {
    const first = await reconciler.reconcile(aCampaign(), signal);
    expect(first.requeueAfterMs).toBe(0);
    expect(world.writes.filter((write) => write.startsWith('create'))).toEqual([]);
    world.writes.length = 0;
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.writes).toEqual([
      'settings',
      'create Deployment/chengdu-intake',
      'create Deployment/chengdu-records',
      'status',
    ]);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(2);
    expect(world.failures).toEqual([]);
  });

  it('writes nothing once it has converged, and then looks every 10 s', async () => {
    await converge();
    const { requeueAfterMs } = await reconciler.reconcile(aCampaign(), signal);
    expect(world.writes).toEqual([]);
    expect(requeueAfterMs).toBe(10_000);
  });

  it('deletes the Deployment of a tier whose section is taken out, and creates it when the section is back', async () => {
    const verifying = aCampaign({ spec: { verification: VERIFICATION } });
    await converge(verifying);
    expect(world.deployments.has('chengdu-verification')).toBe(true);
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.writes.filter((write) => write.includes('Deployment'))).toEqual([
      'delete Deployment/chengdu-verification',
    ]);
    expect(world.events).toContainEqual({
      type: 'Normal',
      reason: 'TierRemoved',
      message: 'verification was removed, because spec.verification is left out.',
    });
    await converge();
    await converge(verifying);
    expect(world.deployments.get('chengdu-verification')?.replicas).toBe(2);
    expect(world.failures).toEqual([]);
  });

  it('tries again to delete it when that fails', async () => {
    await converge(aCampaign({ spec: { verification: VERIFICATION } }));
    world.failing.add('remove');
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.failures).toHaveLength(1);
    world.failing.delete('remove');
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.deployments.has('chengdu-verification')).toBe(false);
  });

  it('writes nothing after a restart either', async () => {
    await converge();
    const status = world.statuses.at(-1);
    const restarted = createReconciler(world.deps());
    for (let pass = 0; pass < 3; pass += 1) {
      await restarted.reconcile(aCampaign(status === undefined ? {} : { status }), signal);
    }
    expect(world.writes.filter((write) => write !== 'status')).toEqual([]);
  });

  it('writes the status again when somebody took it away', async () => {
    await converge();
    const status = world.statuses.at(-1);
    await reconciler.reconcile(aCampaign(status === undefined ? {} : { status }), signal);
    expect(world.writes).toEqual([]);
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.writes).toEqual(['status']);
  });

  it('repeats no event while nothing changes', async () => {
    await converge();
    world.events.length = 0;
    for (let pass = 0; pass < 5; pass += 1) {
      await clock.advance(1_000);
      await reconciler.reconcile(aCampaign(), signal);
    }
    expect(world.events).toEqual([]);
  });

  it('creates no pods on a journal that belongs to another object', async () => {
    world.journal = { kind: 'conflict', message: 'REG_chengdu-2020-3_0 belongs to vouchers/other' };
    await converge();
    expect(world.deployments.size).toBe(0);
    expect(world.settings).toBeUndefined();
    expect(world.statuses.at(-1)?.conditions?.[0]).toMatchObject({ type: 'Ready', reason: 'JournalConflict' });
    expect(world.events.map(({ reason }) => reason)).toEqual(['JournalConflict']);
  });

  it('scales to the crowd in the tick that sees it, and says why', async () => {
    await converge();
    await clock.advance(HOUR_MS + 60_000);
    world.readings = freshReadings(clock.now(), { arrivals: 5_000 });
    await reconciler.reconcile(aCampaign({ scaling: { peakArrivalsPerSecond: 500 } }), signal);
    expect(world.writes[0]).toBe('scale chengdu-intake 20');
    expect(world.events).toContainEqual(expect.objectContaining({ reason: 'ScaledUp' }));
  });

  it('leaves a conflicting write to the next tick, and names another writer after three', async () => {
    await converge();
    await clock.advance(HOUR_MS + 60_000);
    world.beforeScale = () => {
      for (const deployment of world.deployments.values()) deployment.version += 1;
    };
    for (let pass = 0; pass < 3; pass += 1) {
      world.readings = freshReadings(clock.now(), { arrivals: 5_000 });
      const { requeueAfterMs } = await reconciler.reconcile(aCampaign(), signal);
      expect(requeueAfterMs).toBeLessThanOrEqual(1_000);
      await clock.advance(1_000);
    }
    expect(world.events.map(({ reason }) => reason)).not.toContain('ScaledUp');
    expect(world.events.filter(({ reason }) => reason === 'ScaleConflict').length).toBeGreaterThanOrEqual(1);
    world.beforeScale = undefined;
    await reconciler.reconcile(aCampaign(), signal);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBeGreaterThanOrEqual(15);
  });

  it('goes on with aged readings within a second when signals hang', async () => {
    await converge();
    world.hanging.add('signals');
    const outcome = await timed();
    expect(outcome?.error).toBeUndefined();
    expect(outcome?.tookMs).toBeLessThanOrEqual(1_000);
    expect(world.failures).toEqual(['read_signals']);
    expect(world.statuses.at(-1)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'MetricsFresh', status: 'False', reason: 'AllStale' }),
    );
  });

  it('fails within a second, and writes nothing, when the cluster can’t be read', async () => {
    await converge();
    world.hanging.add('observe');
    const outcome = await timed();
    expect(outcome?.error).toMatchObject({ kind: 'observe_cluster' });
    expect(outcome?.tookMs).toBeLessThanOrEqual(1_000);
    expect(world.writes).toEqual([]);
  });

  it('does not wait for a slow journal, and takes its answer when it comes', async () => {
    world.hanging.add('ensure');
    const outcome = await timed();
    expect(outcome?.tookMs).toBeLessThanOrEqual(1_000);
    await clock.advance(10_000);
    await timed();
    expect(world.statuses.at(-1)?.conditions?.[0]).toMatchObject({ type: 'Ready', reason: 'JournalUnavailable' });
  });

  it('scales although status and live settings can’t be written', async () => {
    await converge();
    await clock.advance(HOUR_MS + 60_000);
    world.failing.add('status').add('settings').add('apply');
    world.readings = freshReadings(clock.now(), { arrivals: 5_000 });
    const { requeueAfterMs } = await reconciler.reconcile(aCampaign(), signal);
    expect(world.writes).toContain('scale chengdu-intake 20');
    expect(new Set(world.failures)).toEqual(new Set(['apply_manifest', 'live_settings', 'write_status']));
    expect(requeueAfterMs).toBeLessThanOrEqual(1_000);
  });

  it('asks the owner once for a need above the ceiling', async () => {
    await converge();
    await clock.advance(HOUR_MS + 60_000);
    for (let pass = 0; pass < 5; pass += 1) {
      world.readings = freshReadings(clock.now(), { arrivals: 14_000 });
      await reconciler.reconcile(aCampaign(), signal);
      await clock.advance(1_000);
    }
    expect(world.plans.map(({ spec }) => [spec.reason, spec.ceilings.intake])).toEqual([['Load', 90]]);
    expect(world.deployments.get('chengdu-intake')?.replicas).toBe(20);
    expect(world.failures).toEqual([]);
  });

  it('publishes edited settings without touching a Deployment', async () => {
    await converge();
    const edited = aCampaign({ metadata: { generation: 2 }, spec: { title: { 'zh-CN': '新', en: 'New' } } });
    await reconciler.reconcile(edited, signal);
    expect(world.writes).toEqual(['settings', 'status']);
    expect(world.settings?.title.en).toBe('New');
    expect(world.events.at(-1)?.reason).toBe('SettingsPublished');
  });

  it('compares unchanged settings with the bucket every 10 s only, and mends a bucket that was emptied', async () => {
    await converge();
    world.settingsCalls = 0;
    world.settings = undefined;
    for (let pass = 0; pass < 20; pass += 1) {
      await clock.advance(1_000);
      await reconciler.reconcile(aCampaign(), signal);
    }
    expect(world.settingsCalls).toBe(2);
    expect(world.settings).toBeDefined();
  });

  it('writes nothing for a campaign that is being deleted', async () => {
    await converge();
    await reconciler.reconcile(aCampaign({ metadata: { deletionTimestamp: '2020-09-25T01:00:00Z' } }), signal);
    expect(world.writes).toEqual([]);
  });

  describe('where the API server refuses what it writes', () => {
    const provisioned = () => world.statuses.at(-1)?.conditions?.find(({ type }) => type === 'Provisioned');
    const QUOTA = 'exceeded quota: objects, requested: count/deployments.apps=1, used: 0, limited: 0';
    /** Two ticks: one that meets it, one that tells. */
    const twice = async (): Promise<void> => {
      for (let pass = 0; pass < 3; pass += 1) await reconciler.reconcile(aCampaign(), signal);
    };

    it.each([
      ['Deployment/chengdu-intake', 'create Deployment chengdu-intake'],
      ['Deployment/chengdu-records', 'create Deployment chengdu-records'],
      ['Service/chengdu-intake', 'apply Service chengdu-intake'],
      ['ServiceAccount/chengdu-intake', 'apply ServiceAccount chengdu-intake'],
      ['ConfigMap/chengdu-app', 'apply ConfigMap chengdu-app'],
      ['PodDisruptionBudget/chengdu-records', 'apply PodDisruptionBudget chengdu-records'],
      ['NetworkPolicy/chengdu-intake', 'apply NetworkPolicy chengdu-intake'],
    ])('says so of %s, in its words, and goes on with the rest', async (key, what) => {
      world.refusing.set(key, QUOTA);
      // What the fake asks for before it takes a Deployment.
      const isNeeded = key.startsWith('ServiceAccount') || key.startsWith('PodDisruptionBudget');
      await twice();
      expect(provisioned()).toMatchObject({ status: 'False', reason: 'ObjectsRefused' });
      expect(provisioned()?.message).toContain(`The API server refuses to ${what}: ${QUOTA}.`);
      expect(world.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'ObjectsRefused' }));
      if (!isNeeded) expect(world.deployments.size).toBe(key.startsWith('Deployment') ? 1 : 2);
      world.refusing.clear();
      await twice();
      await twice();
      expect(provisioned()).toMatchObject({ status: 'True', reason: 'AllPlaced' });
      expect(world.events.filter(({ reason }) => reason === 'Provisioned')).toHaveLength(1);
    });

    it('tells of what merely fails when it has done so for 5 s', async () => {
      await converge();
      world.failing.add('apply');
      await reconciler.reconcile(aCampaign(), signal);
      await clock.advance(1_000);
      await reconciler.reconcile(aCampaign(), signal);
      expect(provisioned()?.reason).toBe('AllPlaced');
      await clock.advance(5_000);
      await reconciler.reconcile(aCampaign(), signal);
      expect(provisioned()).toMatchObject({ status: 'False', reason: 'ObjectsNotWritten' });
      expect(provisioned()?.message).toMatch(/^For 10 s the operator has failed to apply .*: apply is down\./);
    });

    it('creates no pods whose account is not there yet: each would be refused', async () => {
      world.stalled.add('ServiceAccount/chengdu-intake');
      for (let pass = 0; pass < 3; pass += 1) await timed();
      const created = (): string[] => world.writes.filter((write) => write.startsWith('create'));
      expect(created()).toEqual(['create Deployment/chengdu-records']);
      expect(world.failures.filter((step) => step === 'create_manifest')).toEqual([]);
      world.stalled.clear();
      for (let pass = 0; pass < 2; pass += 1) await timed();
      expect(created()).toEqual(['create Deployment/chengdu-records', 'create Deployment/chengdu-intake']);
    });

    it('lets one kind that hangs hold up no other for more than a tick', async () => {
      world.stalled.add('ServiceAccount/chengdu-intake');
      await timed();
      world.writes.length = 0;
      await timed();
      expect(world.writes).toEqual(
        expect.arrayContaining([
          'apply ConfigMap/chengdu-app',
          'apply Service/chengdu-intake',
          'apply NetworkPolicy/chengdu-records',
        ]),
      );
    });

    it('tells by an event where the status itself is refused', async () => {
      await converge();
      world.events.length = 0;
      const { deps } = { deps: world.deps() };
      const refusing = createReconciler({
        ...deps,
        status: {
          writeStatus: async () => {
            throw new Refused('a policy denies it');
          },
        },
      });
      // The first look only asks the journal.
      for (let pass = 0; pass < 2; pass += 1) await refusing.reconcile(aCampaign(), signal);
      expect(world.events).toContainEqual(
        expect.objectContaining({
          reason: 'ObjectsRefused',
          message: 'The API server refuses to write the status: a policy denies it',
        }),
      );
    });
  });

  it('asks controllers again that back off, and changes nothing else', async () => {
    await converge();
    const asked: string[] = [];
    const deps = world.deps();
    const observed = deps.cluster;
    const nudging = createReconciler({
      ...deps,
      nudger: { askAgain: async ({ name }) => void asked.push(name) },
      cluster: {
        async observe(campaign, inner) {
          const cluster = await observed.observe(campaign, inner);
          const { intake } = cluster.tiers;
          if (intake === undefined) return cluster;
          const problems = [{ kind: 'refused' as const, message: 'violates PodSecurity' }];
          return { ...cluster, tiers: { ...cluster.tiers, intake: { ...intake, problems } } };
        },
      },
    });
    await nudging.reconcile(aCampaign(), signal);
    expect(asked).toEqual(['chengdu-intake']);
    expect(world.writes.filter((write) => write !== 'status' && write !== 'settings')).toEqual([]);
  });
});

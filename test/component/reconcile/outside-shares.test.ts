/** Shares of a provider's rate, from the pods of a tick to the value in the journal. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, OPENS_AT_MS, VERIFICATION } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { aReport, FakeSharesStore } from '../../helpers/outside.ts';

const { signal } = new AbortController();
const campaign = aCampaign({ spec: { verification: VERIFICATION } });
const pod = (n: number): string => `chengdu-verification-${n}`;

let clock: FakeClock;
let world: FakeWorld;
let store: FakeSharesStore;
let reports: ReturnType<typeof aReport>[];

beforeEach(() => {
  clock = new FakeClock(OPENS_AT_MS);
  world = new FakeWorld(clock);
  store = new FakeSharesStore();
  reports = [];
});

const anOperator = (): Reconciler => {
  const deps = world.deps();
  return createReconciler({
    ...deps,
    journal: { ...deps.journal, shares: store },
    outside: { read: async () => ({ verification: reports }) },
  });
};

const ticks = async (operator: Reconciler, count: number, of = campaign): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    await operator.reconcile(of, signal);
    world.settlePods();
    await clock.advance(1_000);
  }
};

const conditionOf = (type: string) => world.statuses.at(-1)?.conditions?.find((one) => one.type === type);

describe('The operator of a campaign with a provider', () => {
  it('hands its rate out to the Ready pods, and then writes nothing more', async () => {
    const operator = anOperator();
    await ticks(operator, 15);
    expect(store.value?.targets['tencent']?.perSecond).toEqual({ [pod(0)]: 50, [pod(1)]: 50 });
    expect(world.failures).toEqual([]);
    const { writes } = store;
    await ticks(operator, 20);
    expect(store.writes).toBe(writes);
  });

  it('stops it when every pod is refused, says so, and has an event', async () => {
    const operator = anOperator();
    reports = [0, 1].map((n) => aReport(pod(n), { answered: 1 }));
    await ticks(operator, 15);
    expect(conditionOf('ProvidersReachable')).toMatchObject({ status: 'True', reason: 'AllAnswer' });
    reports = [0, 1].map((n) => aReport(pod(n), { answered: 1, refused: 3, blocked: ['refused'] }));
    await ticks(operator, 15);
    expect(store.value?.targets['tencent']).toMatchObject({
      perSecond: { [pod(0)]: 1 },
      stopped: { reason: 'refused' },
    });
    expect(conditionOf('ProvidersReachable')).toMatchObject({ status: 'False', reason: 'ProviderRefuses' });
    expect(world.events.filter(({ reason }) => reason === 'ProvidersUnreachable')).toHaveLength(1);
  });

  it('leaves what a new leader has written, and goes on from it', async () => {
    const [deposed, leader] = [anOperator(), anOperator()];
    await ticks(deposed, 15);
    await ticks(leader, 3);
    const { revision } = store;
    await store.write('', '', { v: 1, targets: { tencent: { perSecond: { [pod(0)]: 30 } } } }, revision);
    const firstSeen = store.reads;
    while (store.reads === firstSeen) await ticks(deposed, 1);
    await ticks(deposed, 3);
    // It reads every 10 s, also while nothing changes, and raises nothing for 5 s.
    expect(store.value?.targets['tencent']?.perSecond).toEqual({ [pod(0)]: 30 });
    await ticks(deposed, 4);
    expect(store.value?.targets['tencent']?.perSecond).toEqual({ [pod(0)]: 50, [pod(1)]: 50 });
  });

  it('asks nothing of the journal for a campaign without one', async () => {
    await ticks(anOperator(), 10, aCampaign());
    expect([store.reads, store.writes]).toEqual([0, 0]);
    expect(conditionOf('ProvidersReachable')).toBeUndefined();
  });
});

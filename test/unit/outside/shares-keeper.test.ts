import { describe, expect, it } from '@jest/globals';
import type { SharesStore } from '../../../journal/administration.ts';
import { type HandOut, handOut } from '../../../operator/outside/hand-out.ts';
import { SharesKeeper } from '../../../operator/outside/shares-keeper.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { aHandOutInput, aReport, aTarget, FakeSharesStore, readyPods, sharesOf } from '../../helpers/outside.ts';

const never = new AbortController().signal;
const TIER = 'verification';

const aKeeper = (store: SharesStore | undefined, clock = new FakeClock(100_000)) => {
  const failures: unknown[] = [];
  const keeper = new SharesKeeper({ clock, store, onFailure: (_, cause) => void failures.push(cause) });
  const plan = (changes: Parameters<typeof aHandOutInput>[0] = {}): HandOut | undefined => {
    const { inForce, memory } = keeper.known(TIER);
    const nowMs = clock.monotonicMs();
    return inForce && handOut(aHandOutInput({ inForce, memory, nowMs, pods: readyPods('a'), ...changes }));
  };
  /** A tick a second. */
  const tick = async (changes?: Parameters<typeof aHandOutInput>[0]): Promise<void> => {
    keeper.keep(aCampaign(), TIER, plan(changes), never);
    await keeper.settled();
    await clock.advance(1_000);
  };
  const ticks = async (count: number, changes?: Parameters<typeof aHandOutInput>[0]): Promise<void> => {
    for (let n = 0; n < count; n += 1) await tick(changes);
  };
  return { keeper, clock, failures, plan, tick, ticks };
};

describe('The keeper of shares', () => {
  it('reads the stored value first, and hands out nothing more for 5 s', async () => {
    const store = new FakeSharesStore();
    const { ticks } = aKeeper(store);
    await ticks(1);
    expect([store.reads, store.writes]).toEqual([1, 0]);
    await ticks(4);
    expect(store.value?.targets['tencent']?.perSecond ?? {}).toEqual({});
    await ticks(1);
    expect(store.value).toEqual(sharesOf({ a: 100 }));
  });

  it('writes nothing while nothing changes', async () => {
    const store = new FakeSharesStore();
    const { ticks } = aKeeper(store);
    await ticks(10);
    const { writes } = store;
    await ticks(60);
    expect(store.writes).toBe(writes);
    // It looks every 10 s whether the value is still there.
    expect(store.reads).toBe(7);
  });

  it('writes at most once a second, however often ticks come', async () => {
    const store = new FakeSharesStore();
    const { keeper, clock, plan } = aKeeper(store);
    const targets = [aTarget({ requestsPerDay: 1_000_000 })];
    for (let n = 0; n < 100; n += 1) {
      keeper.keep(aCampaign(), TIER, plan({ targets, reports: [aReport('a', { answered: n })] }), never);
      await keeper.settled();
      await clock.advance(100);
    }
    expect(store.reads + store.writes).toBe(10);
  });

  it('does not write while a write is under way, nor what was decided before it', async () => {
    const store = new FakeSharesStore();
    const { keeper, plan, ticks } = aKeeper(store);
    await ticks(10);
    const { writes } = store;
    const before = plan({ pods: readyPods('a', 'b') });
    keeper.keep(aCampaign(), TIER, before, never);
    keeper.keep(aCampaign(), TIER, before, never);
    await keeper.settled();
    keeper.keep(aCampaign(), TIER, before, never);
    await keeper.settled();
    expect(store.writes).toBe(writes + 1);
  });

  it('whose operator was deposed fails to write, and reads what the other has written', async () => {
    const store = new FakeSharesStore();
    const { keeper, ticks } = aKeeper(store);
    await ticks(10);
    await store.write('', '', sharesOf({ z: 100 }), store.revision);
    await ticks(1, { pods: readyPods('a', 'b') });
    expect(store.value).toEqual(sharesOf({ z: 100 }));
    expect(keeper.known(TIER).inForce).toBeUndefined();
    await ticks(1);
    expect(keeper.known(TIER).inForce?.value).toEqual(sharesOf({ z: 100 }));
  });

  it('reads again after a write whose answer was lost, and keeps what it has counted', async () => {
    const store = new FakeSharesStore();
    const targets = [aTarget({ requestsPerDay: 1_000_000 })];
    const { keeper, failures, ticks } = aKeeper(store);
    await ticks(10, { targets, reports: [aReport('a', { answered: 5 })] });
    store.losesAnswer = true;
    await ticks(1, { targets, reports: [aReport('a', { answered: 9 })] });
    expect(failures).toHaveLength(1);
    expect(keeper.known(TIER).inForce).toBeUndefined();
    await ticks(2, { targets, reports: [aReport('a', { answered: 10 })] });
    expect(store.value?.targets['tencent']?.day?.used).toBe(5);
  });

  it('replaces a value that it cannot read before it counts the 5 s', async () => {
    const store = new FakeSharesStore();
    Object.assign(store, { isUnreadable: true, revision: 4 });
    const { keeper, clock, ticks } = aKeeper(store);
    await ticks(1);
    expect(store.value).toEqual({ v: 1, targets: {} });
    expect(keeper.known(TIER).inForce).toMatchObject({ revision: 5, raisesFromMs: clock.monotonicMs() + 4_000 });
  });

  it('hands out again when the bucket was lost', async () => {
    const store = new FakeSharesStore();
    const { ticks } = aKeeper(store);
    await ticks(10);
    Object.assign(store, { value: undefined, revision: 0 });
    await ticks(20);
    expect(store.value).toEqual(sharesOf({ a: 100 }));
  });

  it('does nothing without a store', async () => {
    const { keeper, ticks } = aKeeper(undefined);
    await ticks(3);
    expect(keeper.known(TIER).inForce).toBeUndefined();
  });
});

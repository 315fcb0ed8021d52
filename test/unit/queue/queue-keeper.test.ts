import { describe, expect, it } from '@jest/globals';
import { type QueuePace, type QueueShuffle, servingAt } from '../../../contract/crowd/queue.ts';
import type { QueueStore } from '../../../journal/administration.ts';
import { QueueKeeper } from '../../../operator/queue/queue-keeper.ts';
import type { QueueRequest } from '../../../operator/queue/queue-request.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const never = new AbortController().signal;
const T0 = Date.parse('2027-03-01T02:00:00Z');

/** The keys of the live bucket, and how often they are written. */
class FakeQueueStore implements QueueStore {
  value: QueuePace | undefined;
  revision = 0;
  drawn: QueueShuffle | undefined;
  next = 1;
  writes = 0;
  fails = false;

  async pace() {
    this.#answer();
    return { value: this.value, revision: this.revision };
  }
  async writePace(_campaignId: string, pace: QueuePace, revision: number) {
    this.#answer();
    if (revision !== this.revision) return undefined;
    this.value = pace;
    this.revision += 1;
    this.writes += 1;
    return this.revision;
  }
  async shuffle() {
    this.#answer();
    return this.drawn;
  }
  async createShuffle(_campaignId: string, shuffle: QueueShuffle) {
    this.#answer();
    if (this.drawn !== undefined) return false;
    this.drawn = shuffle;
    return true;
  }
  async nextNumber() {
    this.#answer();
    return this.next;
  }
  #answer(): void {
    if (this.fails) throw new Error('no journal server can be reached');
  }
}

const aKeeper = (store: QueueStore, { clock = new FakeClock(T0), leads = true } = {}) => {
  const failures: unknown[] = [];
  const keeper = new QueueKeeper({
    clock,
    store,
    assertLeading: () => {
      if (!leads) throw new Error('this process does not lead');
    },
    onFailure: (cause) => void failures.push(cause),
  });
  const tick = async (of: Partial<QueueRequest> = {}): Promise<void> => {
    const request = { campaignId: 'spring', isOpen: true, isClosed: false, hasQueue: false, ratePerSecond: 100 };
    keeper.keep({ ...request, nowMs: clock.now(), ...of }, never);
    await keeper.settled();
    await clock.advance(1_000);
  };
  return { keeper, clock, failures, tick };
};

describe('the keeper of the queue', () => {
  it('serves no one before opening, then draws the order of those who came, and serves', async () => {
    const store = new FakeQueueStore();
    const { tick } = aKeeper(store);
    await tick({ isOpen: false, ratePerSecond: 0 });
    expect([store.value?.ratePerSecond, store.drawn]).toEqual([0, undefined]);
    store.next = 5_001;
    await tick();
    expect(store.drawn).toMatchObject({ v: 1, count: 5_000 });
    expect(store.drawn?.seed).toMatch(/^[0-9a-f]{64}$/);
    expect(store.value?.ratePerSecond).toBe(100);
  });

  it('draws no order of citizens who were served before', async () => {
    const store = new FakeQueueStore();
    store.value = { v: 1, base: 900, ratePerSecond: 10, since: new Date(T0).toISOString() };
    store.revision = 4;
    store.next = 2_000;
    await aKeeper(store).tick();
    expect(store.drawn?.count).toBe(0);
  });

  it('keeps the order that another operator drew', async () => {
    const store = new FakeQueueStore();
    const drawn = { v: 1, seed: 'a'.repeat(64), count: 7 } as const;
    store.drawn = drawn;
    await aKeeper(store).tick();
    expect([store.drawn, store.value?.ratePerSecond]).toEqual([drawn, 100]);
  });

  it('writes nothing while nothing changes, and renews the pace while citizens wait', async () => {
    const store = new FakeQueueStore();
    const { tick } = aKeeper(store);
    for (let n = 0; n < 60; n += 1) await tick();
    expect(store.writes).toBe(1);
    for (let n = 0; n < 60; n += 1) await tick({ hasQueue: true });
    expect(store.writes).toBe(3);
  });

  it('never lets serving fall when two operators write', async () => {
    const store = new FakeQueueStore();
    const clock = new FakeClock(T0);
    const [one, two] = [aKeeper(store, { clock }), aKeeper(store, { clock })];
    let before = 0;
    for (let n = 0; n < 200; n += 1) {
      await one.tick({ ratePerSecond: n % 3 === 0 ? 400 : 50, hasQueue: true });
      await two.tick({ ratePerSecond: n % 5 === 0 ? 0 : 90, hasQueue: true });
      const serving = store.value === undefined ? 0 : servingAt(store.value, clock.now());
      expect(serving).toBeGreaterThanOrEqual(before);
      before = serving;
    }
    expect(before).toBeGreaterThan(1_000);
  });

  it('writes nothing once it does not lead any more', async () => {
    const store = new FakeQueueStore();
    const { tick, failures } = aKeeper(store, { leads: false });
    await tick();
    expect([store.value, store.drawn, failures.length]).toEqual([undefined, undefined, 1]);
  });

  it('reports a failure, and goes on when the journal is back', async () => {
    const store = new FakeQueueStore();
    const { tick, failures } = aKeeper(store);
    await tick();
    store.fails = true;
    await tick({ ratePerSecond: 200 });
    expect(failures).toHaveLength(1);
    store.fails = false;
    await tick({ ratePerSecond: 200 });
    expect(store.value?.ratePerSecond).toBe(200);
  });

  it('knows nothing until the journal has answered, and then a pace', async () => {
    const { keeper, tick } = aKeeper(new FakeQueueStore());
    expect(keeper.look(undefined, T0)).toEqual({ kind: 'unknown' });
    await tick();
    expect(keeper.look(undefined, T0)).toEqual({ kind: 'paced', crowd: undefined, ratePerSecond: 100 });
  });

  it('has none where the pace can’t be written', async () => {
    const store = new FakeQueueStore();
    store.fails = true;
    const { keeper, tick } = aKeeper(store);
    await tick();
    await tick();
    expect(keeper.look(undefined, T0)).toEqual({ kind: 'unknown' });
    await tick();
    expect(keeper.look(undefined, T0)).toEqual({ kind: 'none' });
  });

  it('goes on from the last known number when the bucket was made anew', async () => {
    const store = new FakeQueueStore();
    const { tick, clock } = aKeeper(store);
    for (let n = 0; n < 20; n += 1) await tick();
    [store.value, store.revision, store.drawn] = [undefined, 0, undefined];
    for (let n = 0; n < 11; n += 1) await tick();
    expect(store.value === undefined ? 0 : servingAt(store.value, clock.now())).toBeGreaterThan(2_000);
  });
});

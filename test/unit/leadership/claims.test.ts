import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  CLAIM_TIMING,
  type Claim,
  type ClaimState,
  type ClaimStore,
  Claims,
} from '../../../operator/leadership/claims.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const { goneAfterMs, renewWithinMs, renewEveryMs, lookEveryMs } = CLAIM_TIMING;

/** Leases of namespaces with an optimistic lock, whose ways can be cut per installation. */
class FakeStore {
  readonly claims = new Map<string, Claim>();
  writes = 0;
  reads = 0;
  readonly cut = new Map<string, 'fails' | 'refused'>();

  for(holder: string): ClaimStore {
    const way = (): void => {
      const fault = this.cut.get(holder);
      if (fault !== undefined) throw new Error(fault);
    };
    return {
      async read(namespace) {
        way();
        store.reads += 1;
        return store.claims.get(namespace);
      },
      async write(namespace, name, version) {
        way();
        if (store.claims.get(namespace)?.version !== version) return 'conflict';
        store.writes += 1;
        const claim = { holder: name, version: String(store.writes) };
        store.claims.set(namespace, claim);
        return claim;
      },
      isRefused: (error) => error instanceof Error && error.message === 'refused',
    };
  }
}

let clock: FakeClock;
let store: FakeStore;
const never = new AbortController().signal;

beforeEach(() => {
  clock = new FakeClock();
  store = new FakeStore();
});

const installation = (holder: string, namespaces: readonly string[] = ['a'], random = () => 1) => {
  const changes: ClaimState[] = [];
  const stop = new AbortController();
  const claims = new Claims({
    clock,
    random,
    store: store.for(holder),
    holder,
    namespaces: () => namespaces,
    onChange: (_, state) => changes.push(state),
  });
  return {
    claims,
    changes,
    kind: async () => (await claims.of('a', never)).kind,
    start: () => void claims.run(stop.signal),
    stop: () => stop.abort(),
  };
};

describe('claims of a namespace', () => {
  it('are the first one’s; the second sees whose it is and acts never', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(0);
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      expect([await first.kind(), await second.kind()]).toEqual(['ours', 'another']);
    }
    expect(second.changes).toEqual([{ kind: 'another', holder: 'x/first' }]);
    expect(second.claims.others()).toEqual(new Map([['a', 'x/first']]));
  });

  it('cost one write a namespace every twenty seconds, however many ticks ask', async () => {
    const first = installation('x/first', ['a', 'b']);
    first.start();
    await clock.advance(0);
    store.writes = 0;
    for (let second = 0; second < 600; second += 1) {
      await first.kind();
      await clock.advance(1_000);
    }
    expect(store.writes).toBeLessThanOrEqual(2 * (600_000 / renewEveryMs + 1));
  });

  it('are not read while they are ours, also when another wrote into them', async () => {
    const first = installation('x/first');
    first.start();
    await clock.advance(0);
    store.reads = 0;
    await clock.advance(10 * renewEveryMs);
    expect([store.reads, store.writes]).toEqual([0, expect.any(Number)]);
    expect(store.writes).toBeGreaterThanOrEqual(10);
    // As a label of somebody's tool: once read, and renewed all the same.
    store.claims.set('a', { holder: 'x/first', version: 'labelled' });
    await clock.advance(2 * renewEveryMs);
    expect([store.reads, await first.kind()]).toEqual([1, 'ours']);
    expect(store.claims.get('a')?.version).not.toBe('labelled');
  });

  it('of many namespaces that were claimed together are not renewed together', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `n${at}`);
    let drawn = 0;
    const first = installation('x/first', names, () => (drawn++ % 10) / 10);
    first.start();
    await clock.advance(0);
    let [before, most] = [store.writes, 0];
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      most = Math.max(most, store.writes - before);
      before = store.writes;
    }
    expect(most).toBeLessThan(50);
    expect(before).toBeGreaterThanOrEqual(100 * 3);
  });

  it('are told as unknown with the last cause, and since when, until they are known again', async () => {
    const first = installation('x/first');
    first.start();
    await clock.advance(0);
    expect(first.claims.unknown().size).toBe(0);
    store.cut.set('x/first', 'fails');
    await clock.advance(renewWithinMs + 2 * lookEveryMs);
    const sinceMs = first.claims.unknown().get('a')?.sinceMs;
    expect(first.claims.unknown()).toEqual(new Map([['a', { error: new Error('fails'), sinceMs }]]));
    await clock.advance(10 * lookEveryMs);
    expect(first.claims.unknown().get('a')?.sinceMs).toBe(sinceMs);
    store.cut.clear();
    await clock.advance(2 * lookEveryMs);
    expect([first.claims.unknown().size, await first.kind()]).toEqual([0, 'ours']);
  });

  it('are taken over when the first has been gone for a minute, and not before', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(0);
    first.stop();
    await clock.advance(goneAfterMs - 2 * lookEveryMs);
    expect(await second.kind()).toBe('another');
    await clock.advance(renewEveryMs + 4 * lookEveryMs);
    expect(await second.kind()).toBe('ours');
    expect(second.changes.at(-1)).toEqual({ kind: 'ours', from: 'x/first' });
  });

  it('are of one at a time also when the first is cut off and comes back: it ends before the second begins', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(0);
    store.cut.set('x/first', 'fails');
    for (let second_ = 0; second_ < 180; second_ += 1) {
      await clock.advance(1_000);
      const both = [await first.kind(), await second.kind()];
      expect(both.filter((kind) => kind === 'ours').length).toBeLessThanOrEqual(1);
    }
    expect(await second.kind()).toBe('ours');
    store.cut.clear();
    await clock.advance(3 * lookEveryMs);
    expect([await first.kind(), await second.kind()]).toEqual(['another', 'ours']);
  });

  it('stay ours through a short outage, and not longer than they are good for', async () => {
    const first = installation('x/first');
    first.start();
    await clock.advance(0);
    store.cut.set('x/first', 'fails');
    await clock.advance(renewWithinMs - 1_000);
    expect(await first.kind()).toBe('ours');
    await clock.advance(2_000);
    expect(await first.kind()).toBe('unknown');
  });

  it('do not count an outage of the second as absence of the first', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(0);
    // The API server is away for both.
    store.cut.set('x/first', 'fails');
    store.cut.set('y/second', 'fails');
    await clock.advance(10 * 60_000);
    store.cut.delete('y/second');
    await clock.advance(2 * lookEveryMs);
    expect(await second.kind()).toBe('another');
  });

  it('of an installation that was made again under the same name are its own at once', async () => {
    store.claims.set('a', { holder: 'x/first', version: '7' });
    const first = installation('x/first');
    expect(await first.kind()).toBe('ours');
  });

  it('that somebody deletes are written again by the first, and not taken by the second', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(lookEveryMs);
    store.claims.clear();
    for (let step = 0; step < 90; step += 1) {
      await clock.advance(1_000);
      expect([await first.kind(), await second.kind()]).toEqual(['ours', 'another']);
    }
    expect(store.claims.get('a')?.holder).toBe('x/first');
  });

  it('that were deleted together with their installation are taken after a minute', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(lookEveryMs);
    first.stop();
    store.claims.clear();
    await clock.advance(goneAfterMs + 3 * lookEveryMs);
    expect(await second.kind()).toBe('ours');
  });

  it('of a free namespace are taken at once', async () => {
    expect(await installation('x/first').kind()).toBe('ours');
    expect(store.claims.get('a')?.holder).toBe('x/first');
  });

  it('that may not be read or written do not stop the only installation, and it is said', async () => {
    store.cut.set('x/first', 'refused');
    const first = installation('x/first');
    expect(await first.kind()).toBe('unclaimed');
    expect(first.changes).toHaveLength(1);
  });

  it('stay another’s, and ours, through a refusal of a moment', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    first.start();
    second.start();
    await clock.advance(lookEveryMs);
    store.cut.set('x/first', 'refused');
    store.cut.set('y/second', 'refused');
    await clock.advance(renewEveryMs);
    expect([await first.kind(), await second.kind()]).toEqual(['ours', 'another']);
    store.cut.clear();
    await clock.advance(renewEveryMs);
    expect([first.changes.map(({ kind }) => kind), second.changes.map(({ kind }) => kind)]).toEqual([
      ['ours'],
      ['another'],
    ]);
    // For good: each acts as if there were no other, and says so.
    store.cut.set('y/second', 'refused');
    await clock.advance(goneAfterMs + 2 * lookEveryMs);
    expect(await second.kind()).toBe('unclaimed');
  });

  it('go to one of two that come in the same moment', async () => {
    const [first, second] = [installation('x/first'), installation('y/second')];
    await Promise.all([first.kind(), second.kind()]);
    await clock.advance(lookEveryMs);
    expect([await first.kind(), await second.kind()].toSorted()).toEqual(['another', 'ours']);
  });
});

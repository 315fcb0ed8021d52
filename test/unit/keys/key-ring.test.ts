import { describe, expect, it } from '@jest/globals';
import { open, SealingPausedError, seal } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { DataKeyRing } from '../../../app/keys/key-ring.ts';
import type { WrapKeys } from '../../../app/keys/privacy-keys.ts';
import type { DataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { openDataKeys } from '../../helpers/open-data-keys.ts';

const signal = new AbortController().signal;
const wrapKeys = (...ids: string[]): WrapKeys => ({
  newestId: ids.at(-1) ?? '',
  byId: new Map(ids.map((id) => [id, secretKey(Buffer.alloc(32, id))])),
});

interface MemoryStore extends DataKeyStore {
  /** Undefined: destroyed on purpose. */
  entries: Map<string, Uint8Array | undefined>;
  away: boolean;
  gone: boolean;
  /** Plays what happens between a pod's look and its write. */
  beforePutBack?: (() => void) | undefined;
}

const memoryStore = (): MemoryStore => {
  let sequence = 0;
  return {
    entries: new Map(),
    away: false,
    gone: false,
    async getOrCreate(name, wrapped) {
      if (this.away) throw new Error('bucket is away');
      const standing = this.entries.get(name) ?? wrapped;
      this.entries.set(name, standing);
      sequence += 1;
      return standing;
    },
    async putBack(name, wrapped) {
      if (this.away) throw new Error('bucket is away');
      this.beforePutBack?.();
      const standing = this.entries.has(name) ? this.entries.get(name) : wrapped;
      this.entries.set(name, standing);
      sequence += 1;
      return standing;
    },
    async get(name) {
      return this.entries.get(name);
    },
    async look() {
      if (this.away) throw new Error('bucket is away');
      // Of a busy bucket: every look is told that something has changed.
      sequence += 1;
      return this.gone ? 'gone' : { names: [...this.entries.keys()], lastSequence: sequence };
    },
  };
};

/** What is in the store can be read by whoever has the Secret. */
const openable = ({ entries }: MemoryStore, keys = wrapKeys('2020a')) =>
  openDataKeys(
    new Map([...entries].flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, bytes]]))),
    keys,
    'demo',
  );
const read = (store: MemoryStore, { keyId, sealed }: { readonly keyId: string; readonly sealed: string }): string => {
  const key = openable(store).get(keyId);
  if (key === undefined) throw new Error(`key ${keyId} is lost`);
  return Buffer.from(open(key, Buffer.from(sealed, 'base64'), 'demo|R')).toString();
};

const ringAt = (now: () => string, store: DataKeyStore, keys: WrapKeys = wrapKeys('2020a')): DataKeyRing =>
  new DataKeyRing({
    campaignId: 'demo',
    store,
    readWrapKeys: async () => keys,
    clock: { now: () => Date.parse(now()) },
    onError: () => undefined,
  });

const daysOf = ({ entries }: MemoryStore): readonly string[] =>
  [...entries.keys()].filter((name) => name.length === 10).sort();

describe('the key ring', () => {
  it('gives two pods the same key of the day', async () => {
    const store = memoryStore();
    const [a, b] = [ringAt(() => '2020-09-25T01:00:00Z', store), ringAt(() => '2020-09-25T02:00:00Z', store)];
    await Promise.all([a.load(signal), b.load(signal)]);
    const { keyId, sealed } = a.seal(Buffer.from('secret'), 'demo|R');
    expect(keyId).toMatch(/^2020-09-25-[0-9a-f]{16}$/);
    expect(read(store, { keyId, sealed })).toBe('secret');
    expect(b.seal(Buffer.from('x'), 'demo|R').keyId).toBe(keyId);
  });

  it("has tomorrow's key before midnight and uses it only after", async () => {
    let now = '2020-09-25T23:30:00Z';
    const store = memoryStore();
    const ring = ringAt(() => now, store);
    await ring.load(signal);
    expect(daysOf(store)).toEqual(['2020-09-25', '2020-09-26']);
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toMatch(/^2020-09-25-/);
    now = '2020-09-26T00:00:00Z';
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toMatch(/^2020-09-26-/);
  });

  it('keeps the last key while the bucket is away', async () => {
    let now = '2020-09-25T12:00:00Z';
    const store = memoryStore();
    const ring = ringAt(() => now, store);
    await ring.load(signal);
    store.away = true;
    now = '2020-09-27T12:00:00Z';
    await expect(ring.load(signal)).rejects.toThrow('bucket is away');
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toMatch(/^2020-09-25-/);
  });

  it('refuses to seal before a key is there', () => {
    expect(() => ringAt(() => '2020-09-25T12:00:00Z', memoryStore()).seal(Buffer.from('x'), 'a')).toThrow('load()');
  });

  it('says which wrapping key the Secret lacks', async () => {
    const store = memoryStore();
    await ringAt(() => '2020-09-25T01:00:00Z', store, wrapKeys('2020a')).load(signal);
    await expect(ringAt(() => '2020-09-25T01:00:00Z', store, wrapKeys('2021a')).load(signal)).rejects.toThrow(
      'put wrap-2020a.key back',
    );
  });
});

describe('a bucket that is lost', () => {
  const noon = () => '2020-09-25T12:00:00Z';
  const lose = (store: MemoryStore): void => {
    store.entries = new Map();
    store.gone = true;
  };

  it('stops the pods that hold its keys, which write them back when there is one again', async () => {
    const store = memoryStore();
    const ring = ringAt(noon, store);
    await ring.load(signal);
    const before = ring.seal(Buffer.from('before'), 'demo|R');
    lose(store);
    await expect(ring.load(signal)).rejects.toThrow('the operator creates it');
    expect(() => ring.seal(Buffer.from('x'), 'demo|R')).toThrow(SealingPausedError);
    store.gone = false;
    await ring.load(signal);
    expect(read(store, before)).toBe('before');
    expect(ring.seal(Buffer.from('x'), 'demo|R').keyId).toBe(before.keyId);
  });

  it('is filled by a pod that starts meanwhile without taking another key’s name', async () => {
    const store = memoryStore();
    const old = ringAt(noon, store);
    await old.load(signal);
    const before = old.seal(Buffer.from('before'), 'demo|R');
    lose(store);
    store.gone = false;
    const young = ringAt(noon, store);
    await young.load(signal);
    const after = young.seal(Buffer.from('after'), 'demo|R');
    expect(after.keyId).not.toBe(before.keyId);
    await old.load(signal);
    expect([read(store, before), read(store, after)]).toEqual(['before', 'after']);
    expect(read(store, old.seal(Buffer.from('old'), 'demo|R'))).toBe('old');
  });

  it('is filled with the keys of all days, also by a pod that has sealed with none of them', async () => {
    const store = memoryStore();
    let now = '2020-09-20T12:00:00Z';
    const first = ringAt(() => now, store);
    await first.load(signal);
    const sealed = first.seal(Buffer.from('day one'), 'demo|R');
    now = '2020-09-25T12:00:00Z';
    const second = ringAt(() => now, store);
    await second.load(signal);
    lose(store);
    store.gone = false;
    await second.load(signal);
    expect(read(store, sealed)).toBe('day one');
  });

  it('loses what no pod holds any more: that is not readable, and nothing takes its name', async () => {
    const store = memoryStore();
    const gone = ringAt(noon, store);
    await gone.load(signal);
    const before = gone.seal(Buffer.from('before'), 'demo|R');
    lose(store);
    store.gone = false;
    await ringAt(noon, store).load(signal);
    expect(() => read(store, before)).toThrow(/is lost/);
  });

  it('gives back no key that was destroyed on purpose', async () => {
    const store = memoryStore();
    const ring = ringAt(noon, store);
    await ring.load(signal);
    const { keyId } = ring.seal(Buffer.from('x'), 'demo|R');
    for (const name of [...store.entries.keys()]) store.entries.set(name, undefined);
    await ring.load(signal);
    lose(store);
    store.gone = false;
    await ring.load(signal);
    expect(openable(store).has(keyId)).toBe(false);
  });

  it('is only away while it can’t be asked: sealing goes on', async () => {
    const store = memoryStore();
    const ring = ringAt(noon, store);
    await ring.load(signal);
    store.away = true;
    await expect(ring.load(signal)).rejects.toThrow('away');
    expect(ring.seal(Buffer.from('x'), 'demo|R').sealed).not.toBe('');
  });
});

describe('a day whose keys are destroyed, as docs/operations.md says', () => {
  const DAY = '2020-09-25';
  const namesOf = (store: MemoryStore): readonly string[] =>
    [...store.entries.keys()].filter((name) => name === DAY || name.startsWith(`${DAY}-`)).sort();
  const purge = (store: MemoryStore, name: string): void => void store.entries.set(name, undefined);
  const begun = async () => {
    const store = memoryStore();
    let now = `${DAY}T12:00:00Z`;
    const pods = [ringAt(() => now, store), ringAt(() => now, store)] as const;
    for (const pod of pods) await pod.load(signal);
    const sealed = pods[0].seal(Buffer.from('a name'), 'demo|R');
    const goTo = (text: string): void => {
      now = text;
    };
    const load = async (): Promise<void> => {
      for (const pod of [...pods, ringAt(() => now, store)]) await pod.load(signal);
    };
    return { store, pods, sealed, goTo, load };
  };

  it('is not destroyed by its own name alone', async () => {
    const { store, sealed, goTo, load } = await begun();
    goTo('2020-10-25T12:00:00Z');
    purge(store, DAY);
    await load();
    expect(read(store, sealed)).toBe('a name');
  });

  it.each([
    ['over', '2020-10-25T12:00:00Z'],
    ['today', `${DAY}T13:00:00Z`],
  ])('can be opened by nobody afterwards, and no pod writes it back, though it is %s', async (_, now) => {
    for (const order of [(names: readonly string[]) => names, (names: readonly string[]) => names.toReversed()]) {
      const { store, sealed, goTo, load } = await begun();
      goTo(now);
      await load();
      for (const name of order(namesOf(store))) {
        purge(store, name);
        await load();
      }
      await load();
      expect(openable(store).has(sealed.keyId)).toBe(false);
      expect(store.entries.get(sealed.keyId)).toBeUndefined();
    }
  });

  it('is not written back by a pod that looks when another key has the name of the day', async () => {
    const { store, pods, sealed } = await begun();
    for (const name of namesOf(store)) purge(store, name);
    await pods[0].load(signal);
    await pods[1].load(signal);
    expect(openable(store).has(sealed.keyId)).toBe(false);
    expect(pods[1].seal(Buffer.from('x'), 'demo|R').keyId).not.toBe(sealed.keyId);
  });
});

describe('a key that is destroyed between the look of a pod and its write', () => {
  const noon = () => '2020-09-25T12:00:00Z';
  /** The sabotage twin writes as kv.create() does: also over a delete marker. */
  const play = async (isSabotaged: boolean): Promise<boolean> => {
    const store = memoryStore();
    const ring = ringAt(noon, store);
    await ring.load(signal);
    const { keyId } = ring.seal(Buffer.from('x'), 'demo|R');
    const names = [...store.entries.keys()];
    store.entries = new Map();
    store.beforePutBack = () => {
      // Another pod has written the keys back, and an admin has purged them.
      for (const name of names) store.entries.set(name, undefined);
      store.beforePutBack = undefined;
    };
    if (isSabotaged) {
      const { putBack } = store;
      store.putBack = async function (name, wrapped, of) {
        this.beforePutBack?.();
        if (this.entries.get(name) === undefined) this.entries.delete(name);
        return putBack.call(this, name, wrapped, of);
      };
    }
    await ring.load(signal);
    await ring.load(signal);
    return openable(store).has(keyId);
  };

  it('does not come back', async () => {
    expect(await play(false)).toBe(false);
  });

  it('comes back if a pod may write over a delete marker', async () => {
    expect(await play(true)).toBe(true);
  });
});

describe('all keys of a campaign, destroyed', () => {
  const noon = () => '2020-09-25T12:00:00Z';

  it('are dropped by every pod, which makes no new one and seals nothing more', async () => {
    const store = memoryStore();
    let calls = 0;
    const ring = new DataKeyRing({
      campaignId: 'demo',
      store,
      readWrapKeys: async () => wrapKeys('2020a'),
      clock: { now: () => Date.parse(noon()) },
      onError: () => undefined,
      onDestroyed: () => {
        calls += 1;
      },
    });
    await ring.load(signal);
    store.entries = new Map([['destroyed', Buffer.from('{}')]]);
    await ring.load(signal);
    await ring.load(signal);
    expect([...store.entries.keys()]).toEqual(['destroyed']);
    expect(() => ring.seal(Buffer.from('x'), 'demo|R')).toThrow(SealingPausedError);
    expect([ring.isDestroyed, calls]).toEqual([true, 1]);
  });

  it('are made by no pod that starts afterwards', async () => {
    const store = memoryStore();
    store.entries.set('destroyed', Buffer.from('{}'));
    const ring = ringAt(noon, store);
    await ring.load(signal);
    expect([...store.entries.keys()]).toEqual(['destroyed']);
    expect(ring.isDestroyed).toBe(true);
  });
});

describe('keys of the time when a day was a name', () => {
  const old = (key: Uint8Array): Uint8Array => {
    const wrapKey = wrapKeys('2020a').byId.get('2020a');
    if (wrapKey === undefined) throw new Error('no wrapping key');
    const wrapped = Buffer.from(seal(wrapKey, key, 'data-key|demo|2020-09-25')).toString('base64');
    return Buffer.from(JSON.stringify({ v: 1, wrapKeyId: '2020a', key: wrapped }));
  };

  it('stay readable and in use, and are kept beside a new one that has taken their name', async () => {
    const store = memoryStore();
    store.entries.set('2020-09-25', old(Buffer.alloc(32, 7)));
    const ring = ringAt(() => '2020-09-25T12:00:00Z', store);
    await ring.load(signal);
    const sealed = ring.seal(Buffer.from('old'), 'demo|R');
    expect(sealed.keyId).toBe('2020-09-25');
    expect(read(store, sealed)).toBe('old');
    store.entries = new Map();
    await ringAt(() => '2020-09-25T12:00:00Z', store).load(signal);
    await ring.load(signal);
    expect(read(store, sealed)).toBe('old');
  });
});

describe('sealed fields', () => {
  const key = secretKey(Buffer.alloc(32, 1));
  it('open with the same key and receipt only', () => {
    const sealed = seal(key, Buffer.from('name'), 'demo|A');
    expect(Buffer.from(open(key, sealed, 'demo|A')).toString()).toBe('name');
    expect(() => open(key, sealed, 'demo|B')).toThrow();
    expect(() => open(secretKey(Buffer.alloc(32, 2)), sealed, 'demo|A')).toThrow();
    expect(() => open(key, sealed.subarray(0, 20), 'demo|A')).toThrow('too short');
  });

  it('never look alike twice', () => {
    expect(seal(key, Buffer.from('name'), 'a')).not.toEqual(seal(key, Buffer.from('name'), 'a'));
  });
});

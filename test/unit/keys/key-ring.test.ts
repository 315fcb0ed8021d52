import { describe, expect, it } from '@jest/globals';
import { open, seal } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { DataKeyRing, type DataKeyStore } from '../../../app/keys/key-ring.ts';
import type { WrapKeys } from '../../../app/keys/privacy-keys.ts';
import { unwrapDataKey } from '../../../app/keys/wrapping.ts';

const signal = new AbortController().signal;
const wrapKeys = (...ids: string[]): WrapKeys => ({
  newestId: ids.at(-1) ?? '',
  byId: new Map(ids.map((id) => [id, secretKey(Buffer.alloc(32, id))])),
});

const memoryStore = (): DataKeyStore & { readonly entries: Map<string, Uint8Array>; away: boolean } => ({
  entries: new Map(),
  away: false,
  async getOrCreate(day, wrapped) {
    if (this.away) throw new Error('bucket is away');
    const standing = this.entries.get(day) ?? wrapped;
    this.entries.set(day, standing);
    return standing;
  },
});

const ringAt = (now: () => string, store: DataKeyStore, keys: WrapKeys = wrapKeys('2020a')): DataKeyRing =>
  new DataKeyRing({
    campaignId: 'demo',
    store,
    readWrapKeys: async () => keys,
    clock: { now: () => Date.parse(now()) },
    onError: () => undefined,
  });

describe('the key ring', () => {
  it('gives two pods the same key of the day', async () => {
    const store = memoryStore();
    const [a, b] = [ringAt(() => '2020-09-25T01:00:00Z', store), ringAt(() => '2020-09-25T02:00:00Z', store)];
    await Promise.all([a.load(signal), b.load(signal)]);
    const { keyId, sealed } = a.seal(Buffer.from('secret'), 'demo|R');
    const key = unwrapDataKey(store.entries.get(keyId) ?? Buffer.of(), wrapKeys('2020a'), 'demo', keyId);
    expect(Buffer.from(open(key, Buffer.from(sealed, 'base64'), 'demo|R')).toString()).toBe('secret');
    expect(b.seal(Buffer.from('x'), 'demo|R').keyId).toBe(keyId);
  });

  it("has tomorrow's key before midnight and uses it only after", async () => {
    let now = '2020-09-25T23:30:00Z';
    const store = memoryStore();
    const ring = ringAt(() => now, store);
    await ring.load(signal);
    expect([...store.entries.keys()].sort()).toEqual(['2020-09-25', '2020-09-26']);
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toBe('2020-09-25');
    now = '2020-09-26T00:00:00Z';
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toBe('2020-09-26');
  });

  it('keeps the last key while the bucket is away', async () => {
    let now = '2020-09-25T12:00:00Z';
    const store = memoryStore();
    const ring = ringAt(() => now, store);
    await ring.load(signal);
    store.away = true;
    now = '2020-09-27T12:00:00Z';
    await expect(ring.load(signal)).rejects.toThrow('bucket is away');
    expect(ring.seal(Buffer.from('x'), 'a').keyId).toBe('2020-09-25');
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

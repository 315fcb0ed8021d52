import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addressOf, openStore, readStorePlace, type StorePlace } from '../../../app/draw/bundle/store.ts';
import { verifyBundle } from '../../../app/draw/bundle/verify.ts';
import { BUNDLE_FILES, BUNDLE_TERMS, CHAINS, makeBundle, startBundle } from '../../helpers/bundles.ts';
import { type ObjectStore, REGION, startObjectStore } from '../../helpers/object-store.ts';

const CAMPAIGN = BUNDLE_TERMS.campaignUid;
const FOLDER = `draws/city/${CAMPAIGN}`;
const never = new AbortController().signal;
let store: ObjectStore;
let waits: number[];
beforeEach(async () => {
  store = await startObjectStore();
  waits = [];
});
afterEach(() => store.close());

const placeAt = (changes: Partial<StorePlace> = {}): StorePlace => ({
  url: store.url,
  region: REGION,
  bucket: 'draws',
  prefix: 'city',
  style: 'Path',
  ...changes,
});
const writerTo = (place = placeAt(), keys = store.keys, signal = never) =>
  openStore({
    place,
    keys,
    campaignId: CAMPAIGN,
    signal,
    random: () => 0,
    wait: async (ms, inner) => {
      inner.throwIfAborted();
      waits.push(ms);
    },
  });

/** As anyone downloads it. */
const verifyStored = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-store-'));
  try {
    for (const [key, bytes] of store.objects) {
      if (!key.startsWith(`${FOLDER}/`)) continue;
      const path = join(dir, key.slice(FOLDER.length + 1));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    }
    return await verifyBundle(dir, CHAINS, {}, never);
  } finally {
    await rm(dir, { recursive: true });
  }
};

describe('a bundle in an object store', () => {
  it('is complete where its result is, which is put last, and verifies', async () => {
    expect((await makeBundle(writerTo(), BUNDLE_TERMS)).written).toBe('written');
    expect(await verifyStored()).toMatchObject({ kind: 'verified' });
    expect(store.stored.at(-1)).toBe(`${FOLDER}/result.json`);
    expect([...store.objects.keys()]).toEqual(expect.arrayContaining(BUNDLE_FILES.map((file) => `${FOLDER}/${file}`)));
    expect([store.refusals, waits]).toEqual([[], []]);
  });

  it('is left alone when it is there, by a repeat and by another result', async () => {
    await makeBundle(writerTo(), BUNDLE_TERMS);
    const before = new Map(store.objects);
    expect((await makeBundle(writerTo(), BUNDLE_TERMS)).written).toBe('exists');
    await expect(makeBundle(writerTo(), { ...BUNDLE_TERMS, value: '02 08 14' })).rejects.toThrow(
      /has the bundle of another result/,
    );
    expect(store.objects).toEqual(before);
  });

  it('is written although the store fails now and then, and each wait is longer', async () => {
    store.faults.push(503, 'hang up', 500, 429);
    await makeBundle(writerTo(), BUNDLE_TERMS);
    expect(await verifyStored()).toMatchObject({ kind: 'verified' });
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
  });

  it('is given up after six tries, with the answer of the store', async () => {
    store.faults.push(503, 503, 503, 503, 503, 503);
    await expect(makeBundle(writerTo(), BUNDLE_TERMS)).rejects.toThrow(
      /spec\.draw\.bundleStore: the store did not take result\.json in 6 tries: status 503, SlowDown/,
    );
    expect(store.objects.size).toBe(0);
  });

  it.each([
    ['a wrong key', () => ({ ...store.keys, secretAccessKey: 'another' }), {}, 'SignatureDoesNotMatch'],
    ['an unknown key', () => ({ ...store.keys, accessKeyId: 'OTHER' }), {}, 'InvalidAccessKeyId'],
    ['another region', () => store.keys, { region: 'cn-test-2' }, 'AuthorizationHeaderMalformed'],
  ])('is refused at once with %s, and the error says what to check', async (_, keys, changes, code) => {
    await expect(makeBundle(writerTo(placeAt(changes), keys()), BUNDLE_TERMS)).rejects.toThrow(
      new RegExp(`status 403, ${code}\\): check url, region, bucket and the keys`),
    );
    expect([store.refusals, waits]).toEqual([[code], []]);
  });

  it('has no result where its writer ends before, and the next one completes it', async () => {
    const { writer } = await startBundle(writerTo(), BUNDLE_TERMS);
    await writer.abort();
    expect(store.objects.has(`${FOLDER}/result.json`)).toBe(false);
    expect(await verifyStored()).toMatchObject({ kind: 'wrong', fault: { problem: 'the file is missing' } });
    await makeBundle(writerTo(), BUNDLE_TERMS);
    expect(await verifyStored()).toMatchObject({ kind: 'verified' });
  });

  it('ends with the signal’s reason', async () => {
    const ending = new AbortController();
    ending.abort(new Error('the pod ends'));
    await expect(makeBundle(writerTo(placeAt(), store.keys, ending.signal), BUNDLE_TERMS)).rejects.toThrow(
      'the pod ends',
    );
  });

  it('would be found to be wrong, if a file in the store were changed', async () => {
    await makeBundle(writerTo(), BUNDLE_TERMS);
    const winners = store.objects.get(`${FOLDER}/dinner/winners.bin`);
    if (winners !== undefined) winners[0] = (winners[0] ?? 0) ^ 1;
    expect(await verifyStored()).toMatchObject({ kind: 'wrong', fault: { file: 'dinner/winners.bin' } });
  });
});

describe('the address of a bundle', () => {
  it('names the bucket in its path, or in its host', () => {
    const place = { url: 'https://s3.example.org/', region: 'r', bucket: 'draws', style: 'Path' } as const;
    expect(addressOf(place, 'spring')).toBe('https://s3.example.org/draws/spring/');
    expect(addressOf({ ...place, prefix: 'a/b' }, 'spring')).toBe('https://s3.example.org/draws/a/b/spring/');
    expect(addressOf({ ...place, style: 'VirtualHost' }, 'spring')).toBe('https://draws.s3.example.org/spring/');
    expect(addressOf({ ...place, url: 'https://gate.example.org/s3' }, 'x')).toBe(
      'https://gate.example.org/s3/draws/x/',
    );
  });

  it('is of the campaign’s spec', () => {
    expect(() => readStorePlace('{"url":"nowhere"}')).toThrow(/bundleStore/);
    const spec = { url: 'https://s3.example.org', region: 'r', bucket: 'draws', style: 'Path', secretName: 's' };
    expect(readStorePlace(JSON.stringify(spec))).toMatchObject({ bucket: 'draws' });
  });
});

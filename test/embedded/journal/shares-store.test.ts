/** Shares of outside systems on real servers: written by compare-and-set, read from the leader. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import { liveBucketName } from '../../../contract/names.ts';
import { type OutsideShares, sharesKey } from '../../../contract/outside/outside.ts';
import type { SharesStore } from '../../../journal/administration.ts';
import { createSharesRead } from '../../../journal/live/outside-shares.ts';
import { sharesOf } from '../../helpers/outside.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const TIER = 'verification';
let journal: RealJournal;
let store: SharesStore;

beforeAll(async () => {
  journal = await startRealJournal();
  const { shares } = journal.admin;
  if (shares === undefined) throw new Error('the admin keeps no shares');
  store = shares;
});
afterAll(() => journal.stop());

const read = () => patiently('a reading', () => store.read('spring', TIER, never));
const write = (value: OutsideShares, revision: number) =>
  patiently('a write', () => store.write('spring', TIER, value, revision, never));

describe('the store of shares', () => {
  it('has none before the bucket exists, nor before the first write', async () => {
    expect(await read()).toEqual({ value: undefined, revision: 0 });
    await journal.ensured();
    expect(await read()).toEqual({ value: undefined, revision: 0 });
  });

  it('keeps a value that is written upon the revision that was read, and pods read it', async () => {
    const value = sharesOf({ a: 50, b: 50 }, { day: { date: '2027-03-01', used: 7 } });
    const revision = await write(value, 0);
    expect(await read()).toEqual({ value, revision });
    const readOfPod = createSharesRead({ connection: journal.connection, campaignId: 'spring', tier: TIER });
    expect(await patiently('a pod’s reading', () => readOfPod(never))).toMatchObject({ shares: value, revision });
  });

  it('refuses a write upon an older revision, as of a deposed operator, and upon none', async () => {
    const { value, revision } = await read();
    expect(await write(sharesOf({ z: 100 }), revision - 1)).toBeUndefined();
    expect(await write(sharesOf({ z: 100 }), 0)).toBeUndefined();
    expect(await read()).toEqual({ value, revision });
  });

  it('says that a value can not be read, and replaces it', async () => {
    const kv = await new Kvm(journal.connection.nats).open(liveBucketName('spring'));
    await patiently('a foreign write', () => kv.put(sharesKey(TIER), '{"v":2}'));
    const { value, revision } = await read();
    expect(value).toBeUndefined();
    expect(revision).toBeGreaterThan(0);
    expect(await write(sharesOf({}), revision)).toBeGreaterThan(revision);
  });

  it('does not disturb the live settings of the same bucket', async () => {
    const kv = await new Kvm(journal.connection.nats).open(liveBucketName('spring'));
    await patiently('a write of settings', () => kv.put('settings', '{}'));
    const { revision } = await read();
    expect(await write(sharesOf({ a: 1 }), revision)).toBeGreaterThan(revision);
  });
});

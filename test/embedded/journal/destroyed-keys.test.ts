/** All data keys of a campaign are destroyed: what was sealed stays closed, whatever a pod still holds. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SealingPausedError } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { DataKeyRing } from '../../../app/keys/key-ring.ts';
import { createOpener } from '../../../app/keys/opener.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { createDestructionJournal } from '../../../journal/privacy/destruction-journal.ts';
import { journalDurable } from '../../../operator/conditions/journal-conditions.ts';
import { DestructionKeeper, type SecretEmptier } from '../../../operator/destruction/destruction-keeper.ts';
import { certificateText } from '../../../operator/destruction/destruction-messages.ts';
import type { DestructionRequest } from '../../../operator/destruction/destruction-steps.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { eventually } from '../../helpers/eventually.ts';
import { wrappedKeysIn } from '../../helpers/open-data-keys.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const wrapKeys = { newestId: '1', byId: new Map([['1', secretKey(randomBytes(32))]]) };
const AT = '2021-03-01T00:00:00.000Z';

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal();
});
afterAll(() => journal.stop());

const look = async (campaignId: string): Promise<string> => {
  const state = await journal.ensured({ campaignId });
  return journalDurable(aConditionInput({ observed: { journal: state } })).reason;
};
const isWell = (campaignId: string): Promise<true> =>
  eventually(async () => (await look(campaignId)) === 'Verified' && true, { what: 'a journal that is well' });

const aCampaign = async (campaignId: string) => {
  await isWell(campaignId);
  const store = createDataKeyStore(await journal.connect('pod'), campaignId);
  const ring = new DataKeyRing({
    campaignId,
    store,
    readWrapKeys: async () => wrapKeys,
    clock: { now: () => Date.parse('2020-09-25T12:00:00Z') },
    onError: () => undefined,
  });
  await patiently('the data keys', () => ring.load(never));
  const { keyId, sealed } = ring.seal(Buffer.from('a name'), `${campaignId}|R`);
  const openAnew = () =>
    createOpener({ campaignId, store, readWrapKeys: async () => wrapKeys, monotonicMs: () => 0 }).open(
      keyId,
      sealed,
      'R',
      never,
    );
  const held = await patiently('the keys', () => wrappedKeysIn(store, never));
  await isWell(campaignId);
  return { store, ring, keyId, openAnew, held, destruction: createDestructionJournal(journal.connection) };
};

describe('the data keys of a campaign, destroyed', () => {
  it('open nothing any more, are named in the record, and are no loss; twice is once', async () => {
    const { ring, keyId, openAnew, destruction } = await aCampaign('ended');
    expect(await openAnew()).toMatchObject({ kind: 'opened' });
    for (let time = 0; time < 2; time += 1)
      await patiently('a destruction', () => destruction.destroyKeys('ended', AT, never));
    expect(await patiently('the record', () => destruction.keys('ended', never))).toEqual({
      names: ['2020-09-25', keyId],
      destroyedAtMs: expect.any(Number),
      serverMs: expect.any(Number),
    });
    expect(await openAnew()).toEqual({ kind: 'destroyed' });
    await patiently('the look of a pod', () => ring.load(never));
    expect(() => ring.seal(Buffer.from('x'), 'a')).toThrow(SealingPausedError);
    await isWell('ended');
    const { state } = await journal.manager.streams.info('KV_keys_ended');
    expect(state.messages).toBe(1);
  });

  it('do not come back from a pod that was stopped meanwhile, even after the loss of the bucket', async () => {
    const { store, held, openAnew, destruction } = await aCampaign('stopped');
    await patiently('a destruction', () => destruction.destroyKeys('stopped', AT, never));
    const writeBack = async (): Promise<readonly string[]> => {
      const all = await Promise.allSettled([...held].map(([name, bytes]) => store.putBack(name, bytes, never)));
      return all.map(({ status }) => status);
    };
    expect(await writeBack()).toEqual(['rejected', 'rejected']);
    await journal.manager.streams.delete('KV_keys_stopped');
    await isWell('stopped');
    expect(await writeBack()).toEqual(['rejected', 'rejected']);
    expect(await openAnew()).toEqual({ kind: 'destroyed' });
    expect(await patiently('the record', () => destruction.keys('stopped', never))).toMatchObject({
      destroyedAtMs: expect.any(Number),
    });
  });

  it('would come back if the bucket were purged and not closed', async () => {
    const { store, held, openAnew } = await aCampaign('open');
    await journal.manager.streams.purge('KV_keys_open');
    for (const [name, bytes] of held) await patiently('a write', () => store.putBack(name, bytes, never));
    expect(await openAnew()).toMatchObject({ kind: 'opened' });
  });
});

describe('the order', () => {
  it('names the keys of ten years: pods make one a day, also after closing', async () => {
    const { destruction } = await aCampaign('long');
    const days = Array.from({ length: 3_650 }, (_, day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
    const keys = days.flatMap((day) => [day, `${day}-3f9c41d2a07b66e8`]);
    const order = {
      v: 1,
      campaignId: 'long',
      at: AT,
      cause: 'Date',
      keys,
      streams: ['REG_long_0'],
      secret: 's',
    } as const;
    expect(await patiently('the order', () => destruction.order(order, never))).toEqual(order);
    expect((await patiently('the entries', () => destruction.decided('long', never))).destroying).toEqual(order);
    await isWell('long');
  });
});

describe('the operator, when the date has come', () => {
  it('destroys keys and Secret, and its certificate is the same from another process', async () => {
    const { openAnew, keyId, destruction } = await aCampaign('due');
    const secret = new Map([['citizen.key', 'x']]);
    const secrets: SecretEmptier = {
      async empty() {
        secret.clear();
        return 'emptied';
      },
    };
    const request: DestructionRequest = {
      campaignId: 'due',
      namespace: 'city',
      secretName: 'voucher-privacy',
      streams: ['REG_due_0'],
      dueAtMs: 0,
      secretUsers: [],
      keysInPods: undefined,
    };
    const certificate = (): Promise<string> => {
      const keeper = new DestructionKeeper({ clock: systemClock, journal: destruction, secrets, operator: 'one' });
      return eventually(
        async () => {
          keeper.keep(request, never);
          await keeper.settled();
          return keeper.state?.kind === 'done' && certificateText(keeper.state.order, keeper.state.destroyed);
        },
        { what: 'the end of the destruction' },
      );
    };
    const text = await certificate();
    expect(JSON.parse(text)).toMatchObject({
      campaignId: 'due',
      orderedBy: 'the date that the spec states',
      dataKeys: { bucket: 'keys_due', ids: ['2020-09-25', keyId] },
      privacySecret: { name: 'voucher-privacy', checkedBy: 'operator' },
    });
    expect(await certificate()).toBe(text);
    expect([secret.size, (await openAnew()).kind]).toEqual([0, 'destroyed']);
  });
});

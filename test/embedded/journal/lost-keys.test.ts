/**
 * The bucket of data keys is lost under registrations: told, written back by whoever still holds them, or told as unreadable. Or
 * a stream is: told though it is made anew, until a person accepts it.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import { open, SealingPausedError } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { DataKeyRing } from '../../../app/keys/key-ring.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { journalDurable } from '../../../operator/conditions/journal-conditions.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { openDataKeys, wrappedKeysIn } from '../../helpers/open-data-keys.ts';
import { patiently } from '../../helpers/patiently.ts';
import { journalSpec, never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const wrapKeys = { newestId: '1', byId: new Map([['1', secretKey(randomBytes(32))]]) };

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal();
});
afterAll(() => journal.stop());

const ringOf = async (campaignId: string): Promise<DataKeyRing> => {
  const ring = new DataKeyRing({
    campaignId,
    store: createDataKeyStore(await journal.connect('pod'), campaignId),
    readWrapKeys: async () => wrapKeys,
    clock: { now: () => Date.parse('2020-09-25T12:00:00Z') },
    onError: () => undefined,
  });
  return ring;
};

const load = (ring: DataKeyRing) => patiently('the data keys', () => ring.load(never));

/** The condition as the operator has it after one more look. */
const look = async (campaignId: string): Promise<string> => {
  const state = await journal.ensured({ campaignId });
  return journalDurable(aConditionInput({ observed: { journal: state } })).reason;
};

/** A bucket that was just made may still elect its leader. */
const settled = (campaignId: string): Promise<string> =>
  eventually(
    async () => {
      const reason = await look(campaignId);
      return reason !== 'LeaderElection' && reason;
    },
    { what: 'leaders' },
  );

const readable = async (campaignId: string, { keyId, sealed }: { keyId: string; sealed: string }): Promise<string> => {
  const entries = await patiently('the keys', () =>
    wrappedKeysIn(createDataKeyStore(journal.connection, campaignId), never),
  );
  const key = openDataKeys(entries, wrapKeys, campaignId).get(keyId);
  return key === undefined ? 'unreadable' : Buffer.from(open(key, Buffer.from(sealed, 'base64'), 'aad')).toString();
};

const all = async <T>(told: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const one of told) list.push(one);
  return list;
};

const begun = async (campaignId: string) => {
  await journal.ensured({ campaignId });
  const ring = await ringOf(campaignId);
  await load(ring);
  const sealed = ring.seal(Buffer.from('a name'), 'aad');
  await eventually(async () => (await look(campaignId)) === 'Verified', { what: 'a journal that is well' });
  await journal.manager.streams.delete(`KV_keys_${campaignId}`);
  return { ring, sealed };
};

describe('a bucket of data keys that is lost', () => {
  it('stops sealing, is said to be lost though it is made anew, and gets its keys back from a pod', async () => {
    const { ring, sealed } = await begun('kept');
    await expect(ring.load(never)).rejects.toThrow(/does not exist/);
    expect(() => ring.seal(Buffer.from('x'), 'aad')).toThrow(SealingPausedError);
    expect(await settled('kept')).toBe('DataKeysLost');
    expect(await settled('kept')).toBe('DataKeysLost');
    await load(ring);
    expect(await readable('kept', sealed)).toBe('a name');
    await eventually(async () => (await look('kept')) === 'Verified', { what: 'keys that are back' });
    const young = await ringOf('kept');
    await load(young);
    expect(young.seal(Buffer.from('x'), 'aad').keyId).toBe(sealed.keyId);
  });

  it('stays lost where no pod holds it: another key takes no name, and the condition goes on saying so', async () => {
    const { sealed } = await begun('gone');
    expect(await settled('gone')).toBe('DataKeysLost');
    const young = await ringOf('gone');
    await load(young);
    expect(young.seal(Buffer.from('x'), 'aad').keyId).not.toBe(sealed.keyId);
    expect(await readable('gone', sealed)).toBe('unreadable');
    expect(await settled('gone')).toBe('DataKeysLost');
    const state = await journal.admin.ensure(journalSpec({ campaignId: 'gone' }), never);
    console.log(journalDurable(aConditionInput({ observed: { journal: state } })).message);
  });

  it('is no loss where a key was destroyed on purpose', async () => {
    await journal.ensured({ campaignId: 'old' });
    const ring = await ringOf('old');
    await load(ring);
    await look('old');
    const sealed = ring.seal(Buffer.from('x'), 'aad');
    const bucket = await new Kvm(journal.connection.nats).open('keys_old');
    // As docs/operations.md says it; a pod looks after each step.
    const names = await patiently('the names', async () => (await all(await bucket.keys('>'))).sort());
    expect(names).toEqual(['2020-09-25', sealed.keyId]);
    for (const name of names) {
      await patiently('a destruction', () => bucket.purge(name));
      await load(ring);
    }
    expect(await readable('old', sealed)).toBe('unreadable');
    const revisions = await all(await bucket.history({ key: sealed.keyId }));
    expect(revisions.map(({ operation }) => operation)).toEqual(['PURGE']);
    // A server whose page comes late makes durability unknown for a while; a loss would stay.
    await eventually(async () => (await look('old')) === 'Verified', { what: 'a journal that is well' });
  });
});

describe('a stream that is lost', () => {
  const losses = async (campaignId: string, acceptedLosses: readonly string[] = []): Promise<readonly string[]> => {
    const state = await journal.ensured({ campaignId, acceptedLosses });
    const faults = state.kind === 'ready' ? (state.faults ?? []) : [];
    return faults.flatMap((fault) => (fault.kind === 'streamsLost' ? fault.losses : []));
  };
  const alive = async (campaignId: string): Promise<void> => {
    expect(await losses(campaignId)).toEqual([]);
    await load(await ringOf(campaignId));
    await eventually(async () => (await look(campaignId)) === 'Verified', { what: 'a journal that is well' });
  };

  it.each([
    ['shard', 'shardless', 'REG_shardless_0'],
    ['control stream', 'controlless', 'CTL_controlless'],
  ])('is told when it was a %s, though it is made anew, until a person accepts that', async (_, campaignId, stream) => {
    await alive(campaignId);
    await journal.manager.streams.delete(stream);
    await eventually(async () => (await look(campaignId)) === 'StreamLost', { what: 'the loss' });
    expect((await journal.manager.streams.info(stream)).state.messages).toBe(0);
    const loss = await eventually(async () => (await losses(campaignId))[0], { what: 'the stream that is lost' });
    expect(loss).toMatch(new RegExp(`^${stream}@\\d{4}-`));
    // Another process of the operator remembers it too.
    const other = [`${stream}@2020-09-25T12:00:00Z`];
    await eventuallyHolds(async () => expect(await losses(campaignId, other)).toEqual([loss]), {
      what: 'the same loss',
    });
    await eventually(async () => (await losses(campaignId, [loss])).length === 0, { what: 'no loss' });
    await eventually(async () => (await look(campaignId)) === 'Verified', { what: 'a loss that is accepted' });
  });
});

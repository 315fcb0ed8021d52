import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { type MakeListDeps, makeList } from '../../../app/draw/make-list.ts';
import type { ControlType, Frozen } from '../../../contract/decisions/control.ts';
import { type EventEnvelope, type EventType, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import type { Stored } from '../../../journal/reading.ts';

const campaignId = 'spring';
const citizenKey = secretKey(Buffer.alloc(32, 9));
const AT = '2020-09-25T01:00:00.000Z';
const signal = AbortSignal.timeout(60_000);

const citizenHash = (person: number): string => person.toString(16).padStart(8, '0').padEnd(64, '5');
const receiptOf = (person: number) => deriveReceipt(citizenKey, campaignId, citizenHash(person), 'key');

const event = (type: EventType, person: number, at = AT): EventEnvelope => {
  const isBarrier = type === 'barrier';
  return {
    v: 1,
    id: `${type}-${person}`,
    type,
    kind: 'citizen',
    campaignId,
    receipt: isBarrier ? NO_RECEIPT : receiptOf(person).receiptNo,
    citizenHash: isBarrier ? NO_CITIZEN : citizenHash(person),
    at,
    site: 'default',
    keyId: '',
    data:
      type === 'received'
        ? { sealed: 'x', channel: 'wechat', category: 'dinner', locale: 'zh-CN', policyVersion: '1' }
        : {},
  };
};

type Message = EventEnvelope | { readonly subject: string; readonly data: Uint8Array };

const stored = (messages: readonly Message[], shard: number): readonly Stored[] =>
  messages.map((message, index) => {
    const isEvent = 'type' in message;
    return {
      sequence: index + 1,
      storedAtMs: Date.parse(AT),
      subject: isEvent ? eventSubject(campaignId, shard, message.type, message.receipt) : message.subject,
      data: isEvent ? encodeEnvelope(message) : message.data,
    };
  });

/** A control stream in memory. */
const control = (entries: Partial<Record<ControlType, unknown>>) => ({
  entries,
  read: async (type: ControlType) => (type in entries ? { value: entries[type] } : undefined),
  async append(type: 'listed', value: object) {
    const kind: 'appended' | 'exists' = type in entries ? 'exists' : 'appended';
    entries[type] ??= JSON.parse(JSON.stringify(value));
    return { kind, entry: { value: entries[type] } };
  },
});

/** Batches of two, so that a barrier may be anywhere in one. */
const depsOf = (
  shards: readonly (readonly Stored[])[],
  decisions = control({ frozen: frozen(shards.map(({ length }) => length)) }),
): MakeListDeps => ({
  campaignId,
  shards: shards.length,
  citizenKey,
  decisions,
  excludedLists: { read: () => Promise.reject(new Error('there is no list')) },
  replay: {
    async *replay(shard) {
      const messages = shards[shard] ?? [];
      for (let from = 0; from < messages.length; from += 2) yield messages.slice(from, from + 2);
    },
  },
});

const frozen = (barriers: readonly number[], unverified: Frozen['unverified'] = 'exclude'): Frozen => ({
  v: 1,
  campaignId,
  at: AT,
  barriers,
  unverified,
});

const digestOf = (...people: readonly number[]): string =>
  createHash('sha256')
    .update(
      Buffer.concat(
        people
          .map((person) => entryOf(campaignId, receiptOf(person).receiptNo, receiptOf(person).receiptSecret))
          .toSorted(Buffer.compare),
      ),
    )
    .digest('hex');

const BARRIER = event('barrier', 0);
const TWO_SHARDS = [
  stored([event('received', 1), event('verified', 2), BARRIER], 0),
  stored([event('received', 2), event('verified', 1), event('received', 3), BARRIER], 1),
] as const;

describe('the list', () => {
  it('is of what was verified up to the barriers, and is published once', async () => {
    const deps = depsOf(TWO_SHARDS);
    const first = await makeList(deps, signal);
    expect(first.listed).toEqual({
      v: 1,
      campaignId,
      lists: [{ voucher: 'dinner', entries: 2, digest: digestOf(1, 2) }],
    });
    expect(first).toMatchObject({
      messages: 7,
      setAside: 0,
      people: 3,
      byFact: { verified: 2, received: 1 },
      result: 'appended',
    });
    const again = await makeList(deps, signal);
    expect(again).toEqual({ ...first, result: 'exists' });
  });

  it('is not changed by what comes after the barriers', async () => {
    const [zero, one] = TWO_SHARDS;
    const late = [
      stored([...[1, 2].map((person) => event('withdrawn', person)), event('received', 4), event('verified', 4)], 0),
    ].flat();
    const after = zero.length;
    const shards = [[...zero, ...late.map((message) => ({ ...message, sequence: message.sequence + after }))], one];
    const deps = depsOf(shards, control({ frozen: frozen([3, 4]) }));
    expect((await makeList(deps, signal)).listed.lists).toEqual([
      { voucher: 'dinner', entries: 2, digest: digestOf(1, 2) },
    ]);
  });

  it('holds those without a verdict where the campaign verifies nothing', async () => {
    const deps = depsOf(TWO_SHARDS, control({ frozen: frozen([3, 4], 'unchecked') }));
    expect((await makeList(deps, signal)).listed.lists).toEqual([
      { voucher: 'dinner', entries: 3, digest: digestOf(1, 2, 3) },
    ]);
  });

  it('may be empty', async () => {
    const deps = depsOf([stored([BARRIER], 0)]);
    expect(await makeList(deps, signal)).toMatchObject({ listed: { lists: [] }, people: 0, result: 'appended' });
  });

  it('leaves out what is no event, as the database does', async () => {
    const junk = { subject: eventSubject(campaignId, 0, 'received', 'R'), data: Buffer.from('{') };
    const forged = {
      subject: eventSubject(campaignId, 0, 'received', 'R'),
      data: encodeEnvelope(event('verified', 1)),
    };
    const deps = depsOf([stored([junk, event('received', 1), forged, BARRIER], 0)]);
    expect(await makeList(deps, signal)).toMatchObject({ listed: { lists: [] }, setAside: 2, people: 1 });
  });
});

describe('no list is published', () => {
  const fails = async (deps: MakeListDeps, message: RegExp, decisions = deps.decisions): Promise<void> => {
    await expect(makeList({ ...deps, decisions }, signal)).rejects.toThrow(message);
  };

  it('before the freeze', () => fails(depsOf(TWO_SHARDS, control({})), /nothing is frozen yet/));

  it('of the freeze of another campaign', () =>
    fails(depsOf(TWO_SHARDS, control({ frozen: { ...frozen([3, 4]), campaignId: 'autumn' } })), /of campaign autumn/));

  it('for a freeze of other shards than this pod knows', () =>
    fails(depsOf(TWO_SHARDS, control({ frozen: frozen([3]) })), /1 barriers, and this pod's configuration 2 shards/));

  it('of a freeze that can’t be read', () =>
    fails(depsOf(TWO_SHARDS, control({ frozen: { v: 1 } })), /the entry frozen of the control stream can't be read/));

  it.each([1, 2, 3])('when message %i of a shard is missing', async (missing) => {
    const [zero, one] = TWO_SHARDS;
    const holed = one.filter(({ sequence }) => sequence !== missing);
    const deps = depsOf([zero, holed], control({ frozen: frozen([3, 4]) }));
    await fails(deps, new RegExp(`shard 1 has no message ${missing}, the next is ${missing + 1}: .* lost`));
    expect(await deps.decisions.read('listed', signal)).toBeUndefined();
  });

  it('when a shard ends before its barrier', () =>
    fails(
      depsOf([TWO_SHARDS[0], TWO_SHARDS[1].slice(0, 3)], control({ frozen: frozen([3, 4]) })),
      /shard 1 ends at message 3, before its barrier 4/,
    ));

  it('when another message is where the barrier was', () =>
    fails(depsOf(TWO_SHARDS, control({ frozen: frozen([2, 4]) })), /message 2 of shard 0 is not the barrier/));

  it('when an event is of a later release', () => {
    const later = { ...event('verified', 1), type: 'appealed' };
    const shard = stored(
      [
        event('received', 1),
        {
          subject: eventSubject(campaignId, 0, 'appealed', receiptOf(1).receiptNo),
          data: Buffer.from(JSON.stringify(later)),
        },
        BARRIER,
      ],
      0,
    );
    return fails(depsOf([shard]), /message 2 of shard 0 is of a later release \(version 1, type appealed\)/);
  });

  it('when another one is, and both digests are named', async () => {
    const other = { v: 1, campaignId, lists: [{ voucher: 'dinner', entries: 1, digest: digestOf(1) }] };
    const decisions = control({ frozen: frozen([3, 4]), listed: other });
    await fails(
      depsOf(TWO_SHARDS, decisions),
      new RegExp(
        `published list is dinner 1 entry ${digestOf(1)}, and the journal gives dinner 2 entries ${digestOf(1, 2)}`,
      ),
    );
    expect(decisions.entries['listed']).toEqual(other);
  });

  it('when the journal stops answering', () =>
    fails(
      {
        ...depsOf(TWO_SHARDS),
        replay: {
          // biome-ignore lint/correctness/useYield: it fails first
          async *replay() {
            throw new Error('no leader');
          },
        },
      },
      /no leader/,
    ));
});

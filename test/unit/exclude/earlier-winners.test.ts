/** From the journal of an earlier campaign to a list of the next one without its winners. */
import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { citizenHashOf, deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createEntries } from '../../../app/draw/entries.ts';
import { earlierWinners, type NewCampaign } from '../../../app/exclude/earlier-winners.ts';
import type { Opened } from '../../../app/keys/opener.ts';
import { chunkBitsOf, EXCLUDED_BYTES, hasHash } from '../../../contract/decisions/exclusion.ts';
import { CHANNELS, type EventEnvelope, type EventType } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import { shardOf } from '../../../contract/shard.ts';
import type { Stored } from '../../../journal/reading.ts';
import { factEvent, receivedEvent } from '../../helpers/records.ts';

const EARLIER = 'spring';
const SHARDS = 2;
const signal = AbortSignal.timeout(60_000);
const citizenKey = secretKey(Buffer.alloc(32, 7));
const NEW: NewCampaign = { campaignId: 'autumn', citizenKey, uniqueness: 'perCitizen' };

const numberOf = (person: number): string => `51010019900101${String(person).padStart(4, '0')}`;
/** What the fake opener opens: the number is in the text. */
const sealedOf = (person: number): string => `sealed ${numberOf(person)}`;

const registered = (person: number): EventEnvelope =>
  receivedEvent({ campaignId: EARLIER, citizen: person, sealed: sealedOf(person) });
const fact = (type: EventType, person: number): EventEnvelope =>
  factEvent(type, { campaignId: EARLIER, citizen: person });

const journalOf = (events: readonly EventEnvelope[]) => {
  const shards: Stored[][] = Array.from({ length: SHARDS }, () => []);
  for (const event of events) {
    const shard = shardOf(event.citizenHash, SHARDS);
    shards[shard]?.push({
      sequence: (shards[shard]?.length ?? 0) + 1,
      storedAtMs: 0,
      subject: eventSubject(EARLIER, shard, event.type, event.receipt),
      data: encodeEnvelope(event),
    });
  }
  return {
    async *replay(shard: number) {
      yield shards[shard] ?? [];
    },
    lastSequence: async (shard: number) => shards[shard]?.length ?? 0,
  };
};

const openSealed = async (_: string, sealed: string): Promise<Opened> => {
  const idNumber = Buffer.from(sealed, 'base64').toString().replace('sealed ', '');
  return { kind: 'opened', plaintext: Buffer.from(JSON.stringify({ name: 'x', idNumber })) };
};

const winnersOf = (events: readonly EventEnvelope[], to: NewCampaign = NEW, open = openSealed) =>
  earlierWinners({ campaignId: EARLIER, shards: SHARDS, journal: journalOf(events), opener: { open } }, to, signal);

const newHash = (person: number, channel?: 'wechat' | 'alipay' | 'unionpay'): Buffer =>
  Buffer.from(citizenHashOf(citizenKey, NEW.campaignId, 'citizen', numberOf(person), channel), 'hex');
const isIn = (list: Buffer, person: number): boolean => hasHash(list, newHash(person));

describe('the winners of an earlier campaign', () => {
  it.each<[string, readonly EventType[], boolean]>([
    ['won', ['won'], true],
    ['moved up', ['waitlisted', 'promoted'], true],
    ['has the voucher', ['won', 'issuing', 'issued'], true],
    ['was replaced', ['won', 'lost'], false],
    ['has a voucher, and a `lost` that came later', ['won', 'issued', 'lost'], true],
    ['only waits', ['waitlisted'], false],
    ['registered', [], false],
    ['has a request, and has not won', ['issuing'], false],
  ])('a person who %s: %j, excluded %s', async (_, types, isExcluded) => {
    const { list, winners } = await winnersOf([registered(1), ...types.map((type) => fact(type, 1)), registered(2)]);
    expect(isIn(list, 1)).toBe(isExcluded);
    expect(isIn(list, 2)).toBe(false);
    expect(winners).toBe(isExcluded ? 1 : 0);
  });

  it('are the same list in any order, with copies, and sorted', async () => {
    const people = Array.from({ length: 300 }, (_, person) => person);
    const events = people.flatMap((person) => [registered(person), fact('won', person)]);
    const one = await winnersOf(events);
    const other = await winnersOf([...events, ...events].toReversed());
    expect(other.list.equals(one.list)).toBe(true);
    expect(other).toMatchObject({ winners: 300, entries: 300, unreadable: 0, digest: hash('sha256', one.list) });
    const each = people.map((_, at) => one.list.subarray(at * EXCLUDED_BYTES, (at + 1) * EXCLUDED_BYTES));
    expect(each.toSorted(Buffer.compare)).toEqual(each);
    expect(people.every((person) => isIn(one.list, person))).toBe(true);
  });

  it('with two receipts are one hash', async () => {
    const second = { ...registered(1), receipt: registered(9).receipt, id: registered(9).id };
    const won = { ...fact('won', 1), receipt: second.receipt, id: `${second.receipt}.won` };
    const { entries, winners } = await winnersOf([registered(1), fact('issued', 1), second, won]);
    expect([winners, entries]).toEqual([2, 1]);
  });

  it('have a hash for each channel where the new campaign counts so', async () => {
    const { list, entries } = await winnersOf([registered(1), fact('won', 1)], {
      ...NEW,
      uniqueness: 'perCitizenAndChannel',
    });
    expect(entries).toBe(3);
    expect(CHANNELS.every((channel) => hasHash(list, newHash(1, channel)))).toBe(true);
    expect(isIn(list, 1)).toBe(false);
  });

  it('who were erased are counted and never opened', async () => {
    let opened = 0;
    const { entries, winners, unreadable } = await winnersOf(
      [registered(1), fact('won', 1), fact('erased', 1), fact('won', 2)],
      NEW,
      async (...args) => {
        opened += 1;
        return openSealed(...args);
      },
    );
    expect({ entries, winners, unreadable, opened }).toEqual({ entries: 0, winners: 2, unreadable: 2, opened: 0 });
  });

  it('make no list while a data key is not available', async () => {
    const unavailable = async (): Promise<Opened> => ({ kind: 'unavailable', cause: new Error('silent') });
    await expect(winnersOf([registered(1), fact('won', 1)], NEW, unavailable)).rejects.toThrow(
      'data key 2020-09-25 of spring is not available',
    );
  });
});

describe('the list of the new draw', () => {
  const people = Array.from({ length: 40 }, (_, person) => person);
  const registerNew = (person: number): EventEnvelope => {
    const citizenHash = newHash(person).toString('hex');
    const { receiptNo } = deriveReceipt(citizenKey, NEW.campaignId, citizenHash, 'key');
    return { ...registered(person), campaignId: NEW.campaignId, citizenHash, receipt: receiptNo, id: receiptNo };
  };
  const listWith = (excluded: readonly Buffer[]) => {
    const entries = createEntries(people.length);
    for (const person of people) entries.add(registerNew(person));
    const { counts, lists } = entries.end('unchecked', excluded);
    const [dining] = [...lists(citizenKey, NEW.campaignId)];
    return { counts, entries: (dining?.entries.length ?? 0) / 32 };
  };
  const earlier = people
    .filter((person) => person % 4 === 0)
    .flatMap((person) => [registered(person), fact('won', person)]);

  it('has no earlier winner, and counts them', async () => {
    const { list } = await winnersOf(earlier);
    expect(listWith([list])).toMatchObject({ entries: 30, counts: { people: 40, excluded: 10 } });
    expect(listWith([])).toMatchObject({ entries: 40, counts: { excluded: 0 } });
  });

  it('has the one whom a list lacks: the twin', async () => {
    const { list } = await winnersOf(earlier);
    expect(listWith([list.subarray(EXCLUDED_BYTES)])).toMatchObject({ entries: 31, counts: { excluded: 9 } });
  });

  it('counts a person in two lists once', async () => {
    const { list } = await winnersOf(earlier);
    expect(listWith([list, list]).counts.excluded).toBe(10);
  });
});

it('a chunk has about a thousand hashes', () => {
  expect([0, 1, 1_024, 1_025, 2_500_000, 60_000_000].map(chunkBitsOf)).toEqual([0, 0, 0, 1, 12, 16]);
});

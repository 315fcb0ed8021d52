/** One registration a receipt, on real servers: after the duplicate window, side by side, and in another shard. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { headers } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import type { Found } from '../../../contract/dependency.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { shardSubjects } from '../../../contract/names.ts';
import { shardOf } from '../../../contract/shard.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import type { Acceptances, PublishOutcome, RegistrationJournal, StoredPosition } from '../../../journal/publishing.ts';
import { createAcceptances } from '../../../journal/receipts/acceptances.ts';
import { followAstray } from '../../../journal/receipts/astray.ts';
import { firstRegistration } from '../../../journal/receipts/first-registration.ts';
import { eventually } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { copiesInJournal } from '../../helpers/read-back.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { factEvent, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'spring';
const monotonicMs = (): number => performance.now();
const ended = new AbortController();
const errors: unknown[] = [];
/** How the pods find the journal. */
let found: Found = { state: 'answers', seconds: 3_600 };
let journal: RealJournal;
let pods: readonly { readonly journal: RegistrationJournal; readonly acceptances: Acceptances }[];

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
  const connections = await Promise.all([journal.connect('pod 1'), journal.connect('pod 2')]);
  pods = connections.map((connection) => {
    const common = { connection, campaignId: CAMPAIGN, shards: SHARDS, monotonicMs };
    const astray = followAstray(common, (error) => errors.push(error), ended.signal);
    return {
      // Its clock stands still, so that no shard is ever silent: a hedge would store a second copy in another one.
      journal: createPublisher({ ...common, monotonicMs: () => 0, registry: new Registry(), signal: never }),
      acceptances: createAcceptances({ ...common, astray, journal: () => found }),
    };
  });
});
afterAll(async () => {
  ended.abort();
  await journal?.stop();
});

const withBody = (event: EventEnvelope, fingerprint: string): EventEnvelope => ({
  ...event,
  clock: 'agreed',
  data: { ...event.data, fingerprint: receiptOf(fingerprint) },
});
/** As after the duplicate window: the server does not know the message id. */
const later = (event: EventEnvelope): EventEnvelope => ({ ...event, id: receiptOf(`later ${event.id}`) });
const podOf = (index: number) => {
  const pod = pods[index];
  if (pod === undefined) throw new Error(`no pod ${index}`);
  return pod;
};
const acknowledged = (outcome: PublishOutcome): Extract<PublishOutcome, { kind: 'acknowledged' }> => {
  if (outcome.kind !== 'acknowledged') throw new Error(outcome.reason);
  return outcome;
};
const publish = async (pod: number, event: EventEnvelope) => acknowledged(await podOf(pod).journal.publish(event));
const find = (
  pod: number,
  { receipt, citizenHash }: EventEnvelope,
  held?: StoredPosition,
  untilMs = Number.POSITIVE_INFINITY,
) =>
  eventually(
    async () => {
      const lookup = await podOf(pod).acceptances.find(receipt, citizenHash, untilMs, held);
      return lookup.kind !== 'unavailable' && lookup;
    },
    { what: 'what the journal has of a receipt' },
  );
/** As long as no shard that may have it answers. */
const findOnce = (pod: number, { receipt, citizenHash }: EventEnvelope) =>
  podOf(pod).acceptances.find(receipt, citizenHash, Number.POSITIVE_INFINITY);

describe('a receipt', () => {
  it('is stored once, also when its id is forgotten, and shows what was stored', async () => {
    const first = withBody(receivedEvent({ citizen: 'window', atMs: 1 }), 'first');
    const other = withBody(receivedEvent({ citizen: 'window', atMs: 2 }), 'other');
    expect(await publish(0, first)).toMatchObject({ duplicate: false });
    for (const pod of [0, 1]) {
      expect(await publish(pod, other)).toMatchObject({ duplicate: true });
      expect(await publish(pod, later(other))).toMatchObject({ duplicate: true });
      expect(await find(pod, other)).toEqual({ kind: 'accepted', at: first.at, fingerprint: receiptOf('first') });
    }
    expect((await copiesInJournal(journal.connection, CAMPAIGN, never)).get(first.receipt)).toBe(1);
  });

  it('that two pods publish side by side with different bodies is stored once, and both are told of that one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const of = (body: string) => withBody(receivedEvent({ citizen: `race ${round}`, atMs: round }), body);
      const sent = ['a', 'b', 'c', 'd'].map((body, index) => publish(index % 2, later(of(body))));
      const outcomes = await Promise.all(sent);
      expect(outcomes.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      const [one, two] = await Promise.all([find(0, of('a')), find(1, of('a'))]);
      expect(one).toEqual(two);
      expect(one.kind).toBe('accepted');
    }
    const copies = await copiesInJournal(journal.connection, CAMPAIGN, never);
    for (let round = 0; round < 10; round += 1) {
      expect(copies.get(receivedEvent({ citizen: `race ${round}` }).receipt)).toBe(1);
    }
  });

  it('that was never stored is absent, unless something may be on its way', async () => {
    expect(await find(0, receivedEvent({ citizen: 'never' }))).toEqual({ kind: 'absent' });
    found = { state: 'answers', seconds: 5 };
    expect(await findOnce(0, receivedEvent({ citizen: 'never' }))).toEqual({ kind: 'unavailable' });
    found = { state: 'answers', seconds: 3_600 };
  });

  it('that was stored too late is late', async () => {
    const event = withBody(receivedEvent({ citizen: 'late', atMs: 3 }), 'late');
    const beforeMs = Date.now() - 1;
    await publish(0, event);
    expect(await find(1, event, undefined, beforeMs)).toEqual({ kind: 'late' });
    expect(await find(1, event, undefined, Date.now())).toMatchObject({ kind: 'accepted' });
  });

  it('that an earlier release stored is found where the shard says that it is', async () => {
    const event = withBody(receivedEvent({ citizen: 'old form', atMs: 5 }), 'old');
    const shard = shardOf(event.citizenHash, SHARDS);
    // Its subject had no receipt.
    const head = headers();
    head.set('Nats-Msg-Id', event.id);
    const subject = shardSubjects(CAMPAIGN, shard).replace('>', 'received');
    await patiently('the registration', () =>
      journal.connection.nats.request(subject, encodeEnvelope(event), { headers: head, timeout: 10_000 }),
    );
    const held = await publish(0, withBody(event, 'another body'));
    expect(held).toMatchObject({ duplicate: true, shard });
    expect(await find(0, event)).toEqual({ kind: 'absent' });
    expect(await find(0, event, held)).toEqual({ kind: 'accepted', at: event.at, fingerprint: receiptOf('old') });
    expect((await copiesInJournal(journal.connection, CAMPAIGN, never)).get(event.receipt)).toBe(1);
  });

  it('that a hedge put aside is found by every pod, and known as such', async () => {
    // The leader of a shard stands still: what belongs there goes to the next one, which another server leads.
    const isSpread = async (): Promise<boolean> => {
      await journal.ensured();
      return new Set(await Promise.all([0, 1, 2].map((one) => journal.leaderOf(CAMPAIGN, one)))).size === SHARDS;
    };
    await eventually(isSpread, { what: 'leaders on different servers', everyMs: 200 });
    const shard = 1;
    const leader = await journal.leaderOf(CAMPAIGN, shard);
    const index = journal.cluster.nodes.indexOf(leader);
    const elsewhere = [0, 1, 2].filter((one) => one !== index);
    const connection = await journal.connect('pod away from it', elsewhere);
    const away = createPublisher({
      connection,
      campaignId: CAMPAIGN,
      shards: SHARDS,
      registry: new Registry(),
      monotonicMs,
      signal: never,
    });
    const events = Array.from({ length: 300 }, (_, n) =>
      withBody(receivedEvent({ citizen: `aside ${n}`, atMs: n }), 'x'),
    );
    const homes = events.filter(({ citizenHash }) => shardOf(citizenHash, SHARDS) === shard);
    leader.kill('SIGSTOP');
    const strays: EventEnvelope[] = [];
    try {
      for (const event of homes) {
        const outcome = await away.publish(event);
        if (outcome.kind === 'acknowledged' && outcome.shard !== shard) strays.push(event);
        if (strays.length >= 3) break;
      }
    } finally {
      leader.kill('SIGCONT');
    }
    expect(strays.length).toBeGreaterThan(0);
    await journal.leaderOf(CAMPAIGN, shard);
    for (const stray of strays) {
      for (const pod of [0, 1]) {
        await eventually(() => podOf(pod).acceptances.isAstray(stray.receipt), { what: 'word of the stray' });
        expect(await find(pod, stray)).toEqual({ kind: 'accepted', at: stray.at, fingerprint: receiptOf('x') });
      }
    }
  });

  it('of a shard that can’t be asked is neither absent nor there', async () => {
    const absent = receivedEvent({ citizen: 'who knows' });
    const [one, two] = journal.cluster.nodes;
    one?.kill('SIGSTOP');
    two?.kill('SIGSTOP');
    try {
      expect(await findOnce(0, absent)).toEqual({ kind: 'unavailable' });
    } finally {
      one?.kill('SIGCONT');
      two?.kill('SIGCONT');
    }
    expect(await find(0, absent)).toEqual({ kind: 'absent' });
  });
});

describe('the first registration', () => {
  /** All events of these tests are of 2020. */
  const first = (campaignId: string, opensAtMs = 0, shards = SHARDS) =>
    firstRegistration({ connection: journal.connection, campaignId, shards, opensAtMs, isOpen: true }, never);
  const fill = async (campaignId: string, events: readonly EventEnvelope[]): Promise<void> => {
    const common = { connection: journal.connection, campaignId, shards: SHARDS, monotonicMs };
    const publisher = createPublisher({ ...common, registry: new Registry(), signal: never });
    for (const event of events) acknowledged(await publisher.publish(event));
  };
  const by = (event: EventEnvelope, uniqueness: string): EventEnvelope => ({
    ...event,
    data: { ...event.data, uniqueness },
  });

  it('is there from the first citizen on, and says by which rule it was made', async () => {
    const campaignId = 'first';
    expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
    expect(await first(campaignId)).toBeUndefined();
    const canaries = Array.from({ length: 6 }, (_, i) =>
      by(receivedEvent({ campaignId, citizen: `canary ${i}`, kind: 'canary' }), 'perCitizenAndChannel'),
    );
    await fill(campaignId, [...canaries, factEvent('verified', { campaignId, citizen: 'canary 1' })]);
    expect(await first(campaignId)).toBeUndefined();
    await fill(campaignId, [by(receivedEvent({ campaignId, citizen: 'a' }), 'perCitizen')]);
    expect(await first(campaignId)).toMatchObject({ uniqueness: 'perCitizen' });
  });

  it('of a build before there were rules says none, under its subjects too', async () => {
    const campaignId = 'earlier';
    expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
    const event = receivedEvent({ campaignId, citizen: 'old' });
    await patiently('the registration', () =>
      journal.connection.nats.request(`reg.${campaignId}.1.received`, encodeEnvelope(event), { timeout: 5_000 }),
    );
    expect(await first(campaignId)).toEqual(event.data);
  });

  it('is looked for from the opening on: canaries of the weeks before are not read one by one', async () => {
    const campaignId = 'rehearsed';
    expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
    const canaries = Array.from({ length: 60 }, (_, i) => receivedEvent({ campaignId, citizen: i, kind: 'canary' }));
    await fill(campaignId, canaries);
    // As far after them as clocks may differ.
    const opensAtMs = Date.now() + 600_000;
    await fill(campaignId, [by(receivedEvent({ campaignId, citizen: 'a' }), 'perCitizen')]);
    const asked = jest.spyOn(journal.connection.nats, 'request');
    expect(await first(campaignId, opensAtMs)).toMatchObject({ uniqueness: 'perCitizen' });
    const requests = asked.mock.calls.length;
    asked.mockRestore();
    // Two for each shard, and again where one was late; one by one there would be sixty.
    expect(requests).toBeLessThan(canaries.length / 2);
  });

  it('can’t be told while a shard that may hold it says nothing and the others have none', async () => {
    const campaignId = 'one-silent';
    expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
    await expect(first(campaignId, 0, SHARDS + 1)).rejects.toThrow('stream not found');
    const event = receivedEvent({ campaignId, citizen: 'a' });
    await fill(campaignId, [by(event, 'perCitizen')]);
    expect(await first(campaignId, 0, SHARDS + 1)).toMatchObject({ uniqueness: 'perCitizen' });
  });

  it('is found in a journal that was adopted, also by those who come before the opening and wait for no shard', async () => {
    const campaignId = 'adopted';
    expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
    await fill(campaignId, [by(receivedEvent({ campaignId, citizen: 'a' }), 'perCitizen')]);
    const opensAtMs = Date.now() + 86_400_000;
    const options = { connection: journal.connection, campaignId, shards: SHARDS + 1, opensAtMs, isOpen: false };
    expect(await firstRegistration(options, never)).toMatchObject({ uniqueness: 'perCitizen' });
  });

  it('is looked for no longer than its process starts', async () => {
    const { connection } = journal;
    const options = { connection, campaignId: 'first', shards: SHARDS, opensAtMs: 0, isOpen: true };
    const reason = new Error('ended');
    await expect(firstRegistration(options, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('can’t be told where there is no journal', async () => {
    await expect(first('nowhere')).rejects.toThrow('stream not found');
  });
});

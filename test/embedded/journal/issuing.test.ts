/** `issuing` facts on real servers: one of each attempt whatever its channel, a consumer for each channel, and look-ups of whole facts. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHANNELS, type Channel } from '../../../contract/envelope.ts';
import { parseEnvelope } from '../../../contract/envelope-schema.ts';
import { shardStreamName } from '../../../contract/names.ts';
import { createAppendIssuing, createHomePublisher } from '../../../journal/home-publisher.ts';
import { createJournalReader, hasConsumers } from '../../../journal/reader.ts';
import { createFactLookup } from '../../../journal/receipts/facts.ts';
import { createStreamCreatedAt } from '../../../journal/streams/created-at.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { factEvent, homeShard, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
let journal: RealJournal;
const of = () => ({ connection: journal.connection, campaignId, shards: SHARDS, monotonicMs: () => performance.now() });

beforeAll(async () => {
  journal = await startRealJournal();
});
afterAll(() => journal?.stop());

const issuing = (citizen: string, channel: Channel, attempt = 1) => {
  const made = factEvent('issuing', { citizen, attempt, data: { channel } });
  return { ...made, id: attempt === 1 ? made.id : `${made.id}.${attempt}` };
};

describe('consumers of lanes', () => {
  it('are created with the tier, and a pod waits for all of them', async () => {
    const tier = { connection: journal.connection, campaignId, tier: 'issuance' as const };
    await journal.ensured();
    expect(await hasConsumers(tier, SHARDS)).toBe(false);
    await journal.ensured({ consumers: ['records', 'issuance'] });
    await eventually(() => hasConsumers(tier, SHARDS), { what: 'the consumers' });
    await journal.manager.consumers.delete(shardStreamName(campaignId, 1), 'issuance-alipay');
    expect(await hasConsumers(tier, SHARDS)).toBe(false);
    await journal.ensured({ consumers: ['records', 'issuance'] });
    await eventually(() => hasConsumers(tier, SHARDS), { what: 'the consumers' });
  });
});

describe('the fact that begins a request', () => {
  it('exists once, whichever channels two pods decide for at the same time', async () => {
    const appends = [createAppendIssuing(of()), createAppendIssuing(of())] as const;
    for (let i = 0; i < 20; i += 1) {
      const citizen = `race-${i}`;
      const answers = await Promise.all([
        appends[0](issuing(citizen, 'wechat'), 0, never),
        appends[1](issuing(citizen, 'alipay'), 0, never),
      ]);
      const found = await eventually(
        () =>
          createFactLookup(of()).last(issuing(citizen, 'wechat').receipt, issuing(citizen, 'wechat').citizenHash, [
            'issuing',
          ]),
        { what: 'the fact' },
      );
      expect([found.issuing?.event.attempt, answers.filter((one) => one === 'stored').length]).toEqual([undefined, 1]);
    }
  });

  it('of the next attempt is appended after the last one of any channel, and after no other', async () => {
    const append = createAppendIssuing(of());
    const facts = createFactLookup(of());
    const first = issuing('next', 'wechat');
    expect(await append(first, 0, never)).toBe('stored');
    const last = async () => (await facts.last(first.receipt, first.citizenHash, ['issuing']))?.issuing?.sequence ?? 0;
    const after = await last();
    const second = issuing('next', 'unionpay', 2);
    // Another id, so that it is no duplicate: only the sequence refuses it.
    expect(await append({ ...second, id: `${second.id}.early` }, 0, never)).toBe('overtaken');
    expect(await append(second, after, never)).toBe('stored');
    expect(await append(second, after, never)).toBe('overtaken');
    expect(await last()).toBeGreaterThan(after);
    // A journal that has lost what was looked up: nothing is stored, and nothing is claimed.
    expect(await append(issuing('lost', 'wechat', 2), after, never)).not.toBe('stored');
  });

  it('goes to the consumer of its channel alone, and the backlog counts it until it is acknowledged', async () => {
    const before = (await journal.admin.backlog(campaignId, SHARDS, 'issuance', never)).messages;
    const publish = createHomePublisher(of());
    const won = factEvent('won', { citizen: 'next' });
    await publish(won, never);
    await eventuallyHolds(
      async () =>
        expect((await journal.admin.backlog(campaignId, SHARDS, 'issuance', never)).messages).toBe(before + 1),
      { what: 'one more' },
    );
    const taken = new Map<string, string[]>();
    for (const lane of [undefined, ...CHANNELS]) {
      const reader = createJournalReader({
        connection: journal.connection,
        campaignId,
        tier: 'issuance',
        ...(lane && { lane }),
      });
      for (let shard = 0; shard < SHARDS; shard += 1) {
        for (const delivery of await reader.fetch({ shard, maxMessages: 500, expiresMs: 100 }, never)) {
          const parsed = parseEnvelope(delivery.data);
          const what =
            parsed.kind === 'valid' ? `${parsed.event.type} ${String(parsed.event.data['channel'])}` : 'unreadable';
          taken.set(String(lane), [...(taken.get(String(lane)) ?? []), what]);
          delivery.ack();
        }
      }
    }
    expect(new Set(taken.get('undefined'))).toEqual(new Set(['won undefined']));
    for (const channel of CHANNELS) {
      expect(new Set(taken.get(channel) ?? [`issuing ${channel}`])).toEqual(new Set([`issuing ${channel}`]));
    }
    await eventuallyHolds(
      async () => expect((await journal.admin.backlog(campaignId, SHARDS, 'issuance', never)).messages).toBe(0),
      { what: 'nothing that waits' },
    );
  });
});

describe('look-ups', () => {
  it('return the last fact of each type, and all of one', async () => {
    const publish = createHomePublisher(of());
    const facts = createFactLookup(of());
    const at = (attempt: number, channel: Channel) => {
      const made = factEvent('bound', { citizen: 'look', attempt, accountHash: 'c'.repeat(64), data: { channel } });
      return { ...made, id: `${made.id}.${attempt}` };
    };
    const all = [at(1, 'wechat'), at(2, 'alipay'), at(3, 'unionpay')];
    for (const event of all) await publish(event, never);
    const [{ receipt, citizenHash }] = all as [(typeof all)[0]];
    const last = await eventually(() => facts.last(receipt, citizenHash, ['bound', 'won']), { what: 'an answer' });
    expect([last.bound?.event.data, last.won]).toEqual([{ channel: 'unionpay' }, undefined]);
    const found = await eventually(() => facts.all(receipt, citizenHash, 'bound'), { what: 'an answer' });
    expect(found.map(({ event }) => event.data['channel'])).toEqual(['wechat', 'alipay', 'unionpay']);
    expect(await facts.find(receipt, citizenHash, ['bound', 'won'])).toEqual({ bound: 3, won: 0 });
  });

  it('of the time at which a stream was created agree with what the operator reads', async () => {
    const createdAt = createStreamCreatedAt(of());
    const shard = homeShard(issuing('look', 'wechat'));
    const { created } = await journal.manager.streams.info(shardStreamName(campaignId, shard));
    expect(await eventually(() => createdAt(shard, never), { what: 'an answer' })).toBe(created);
  });
});

/** The Job `books` on a real nats-server, with its own account: it reads all shards, and may change nothing. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { BooksChannel } from '../../../app/books/ports.ts';
import { runBooks } from '../../../app/books/run-books.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject, issuingSubject } from '../../../contract/names.ts';
import { isBalanced } from '../../../contract/outside/reconcile.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { factEvent, homeShard, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
const WINNERS = 300;
const never = new AbortController().signal;
let journal: GuardedJournal;

beforeAll(async () => {
  journal = await startGuardedJournal([campaignId]);
});
afterAll(() => journal?.stop());

const requestOf = (n: number): string => `r${n}`;
const subjectOf = (event: EventEnvelope): string =>
  event.type === 'issuing'
    ? issuingSubject(campaignId, homeShard(event), event.receipt, 'wechat')
    : eventSubject(campaignId, homeShard(event), event.type, event.receipt);

it('finds a voucher that was skipped among those of three shards, and may publish nothing', async () => {
  const { nats } = await journal.connect(journal.access('operator'));
  const stream = jetstream(nats);
  const fact = (n: number, type: EventType, data: Readonly<Record<string, unknown>>): EventEnvelope =>
    factEvent(type, { campaignId, citizen: n, data: { voucher: 'dining', ...data } });
  const facts = Array.from({ length: WINNERS }, (_, n) => [
    fact(n, 'won', {}),
    fact(n, 'issuing', { channel: 'wechat', request: requestOf(n), sealed: `account ${n}`, wonAt: '' }),
    fact(n, 'issued', { channel: 'wechat', request: requestOf(n), coupon: `c${n}` }),
  ]);
  await Promise.all(
    facts.map(async (ofOne) => {
      for (const event of ofOne) {
        const msgID = `${event.receipt} ${event.type}`;
        await stream.publish(subjectOf(event), encodeEnvelope(event), { msgID, timeout: 10_000 });
      }
    }),
  );

  const skipped = requestOf(17);
  const channel: BooksChannel = {
    channel: 'wechat',
    stocks: new Map([['dining', '99']]),
    client: {
      query: async ({ request }) =>
        request === skipped ? { kind: 'absent' } : { kind: 'issued', coupon: `c${request.slice(1)}` },
      stock: async () => ({ kind: 'stock', state: { issued: WINNERS - 1, isRunning: true } }),
    },
    lane: { name: 'wechat', blocked: () => undefined, turn: async () => true, sent: () => undefined },
  };
  const connection = await journal.connect(journal.access({ campaignId, workload: 'books' }));
  const report = await runBooks(
    {
      campaignId,
      shards: SHARDS,
      journal: createJournalReplay({ connection, campaignId }),
      channels: [channel],
      opener: {
        open: async (_, sealed) => ({ kind: 'opened', plaintext: Buffer.from(JSON.stringify({ account: sealed })) }),
      },
      now: Date.now,
      wait: async () => undefined,
      random: Math.random,
      note: () => undefined,
    },
    'all',
    never,
  );
  expect(report.vouchers).toMatchObject([{ voucher: 'dining', winners: WINNERS, issued: WINNERS, open: 0 }]);
  expect(report.asked).toEqual([{ channel: 'wechat', questions: WINNERS, agree: WINNERS - 1, open: 0, unanswered: 0 }]);
  expect(report.mismatches).toEqual([{ kind: 'missingThere', channel: 'wechat', voucher: 'dining', request: skipped }]);
  expect(report.stocks).toMatchObject([{ issued: WINNERS, theirsAfter: WINNERS - 1, result: 'differs' }]);
  expect(isBalanced(report)).toBe(false);

  const won = fact(1_000, 'won', {});
  await expect(
    jetstream(connection.nats).publish(subjectOf(won), encodeEnvelope(won), { timeout: 1_000, retries: 0 }),
  ).rejects.toThrow();
});

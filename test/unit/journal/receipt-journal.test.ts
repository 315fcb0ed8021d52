import { describe, expect, it } from '@jest/globals';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import type { JournalConnection } from '../../../journal/connection.ts';
import type { AppendOutcome } from '../../../journal/publishing.ts';
import { createReceiptJournal } from '../../../journal/receipts/receipt-journal.ts';
import { factEvent, homeShard, receivedEvent, SHARDS } from '../../helpers/records.ts';

const registration = receivedEvent();
const home = homeShard(registration);
const correction = factEvent('corrected', { attempt: 2, n: 2, data: { sealed: 'eA==' } });
const NOT_FOUND = '{"error":{"err_code":10037}}';

interface Sent {
  readonly subject: string;
  readonly question: string;
  readonly expected: string | undefined;
}

/** A server that answers with these texts one after the other, the last one for ever; undefined: it does not answer. */
const journalWith = (answer: (sent: Sent) => string | undefined, connected = true) => {
  const sent: Sent[] = [];
  let nowMs = 0;
  const nats = {
    async request(subject: string, data: Uint8Array | string, { headers }: { headers?: Map<string, string> } = {}) {
      const expected = headers?.get('Nats-Expected-Last-Subject-Sequence');
      const one = { subject, question: Buffer.from(data).toString('utf8'), expected };
      sent.push(one);
      const text = answer(one);
      nowMs += 1_000;
      if (text === undefined) throw new Error('timeout');
      return { data: Buffer.from(text), string: () => text };
    },
  };
  const connection = { nats, isConnected: () => connected } as unknown as JournalConnection;
  const signal = new AbortController().signal;
  const journal = createReceiptJournal({
    connection,
    campaignId: 'spring',
    shards: SHARDS,
    monotonicMs: () => nowMs,
    signal,
  });
  return { journal, sent };
};
const inTurn = (texts: readonly (string | undefined)[]) => {
  let next = 0;
  return (): string | undefined => texts[Math.min(next++, texts.length - 1)];
};

describe('an append', () => {
  const STORED = '{"stream":"S","seq":7}';
  const unanswered: AppendOutcome = { kind: 'unavailable', reason: 'unanswered' };
  const rows: Record<string, readonly [readonly (string | undefined)[], AppendOutcome, number]> = {
    'is stored': [[STORED], { kind: 'stored' }, 1],
    'that the id shows to be known is overtaken': [
      ['{"stream":"S","seq":7,"duplicate":true}'],
      { kind: 'overtaken' },
      1,
    ],
    'after which another one was stored is overtaken': [
      ['{"error":{"err_code":10071,"description":"wrong last sequence: 9"}}'],
      { kind: 'overtaken' },
      1,
    ],
    'while another one is under way is sent again': [['{"error":{"err_code":10164}}', STORED], { kind: 'stored' }, 2],
    'that is not answered is sent again': [[undefined, STORED], { kind: 'stored' }, 2],
    'to a full shard is refused at once': [
      ['{"error":{"err_code":10077,"description":"maximum bytes exceeded"}}'],
      { kind: 'unavailable', reason: 'full' },
      1,
    ],
    'that is never answered ends with the budget': [[undefined], unanswered, 3],
    'that gets no answer of a journal ends with the budget': [['-ERR'], unanswered, 3],
  };
  it.each(Object.entries(rows))('%s', async (_, [texts, want, times]) => {
    const { journal, sent } = journalWith(inTurn(texts));
    expect(await journal.append(correction, 5)).toEqual(want);
    expect(sent.map(({ subject, expected }) => [subject, expected])).toEqual(
      Array(times).fill([eventSubject('spring', home, 'corrected', correction.receipt), '5']),
    );
  });

  it('is not handed to a connection that is lost', async () => {
    const { journal, sent } = journalWith(() => undefined, false);
    expect(await journal.append(correction, 0)).toEqual(unanswered);
    expect(await journal.findRegistration(registration.receipt)).toBeUndefined();
    expect(await journal.findFacts(registration)).toBeUndefined();
    expect(sent).toEqual([]);
  });
});

describe('a look-up', () => {
  const message = (event: object): string =>
    JSON.stringify({
      message: {
        seq: 4,
        data: Buffer.from(encodeEnvelope(event as typeof registration)).toString('base64'),
        time: registration.at,
      },
    });

  it('finds the registration in any shard, also where another one does not answer', async () => {
    for (const kind of ['received', 'astray']) {
      const place = eventSubject('spring', 2, kind, registration.receipt);
      const { journal } = journalWith(({ subject, question }) =>
        subject.endsWith('_1') ? undefined : question.includes(place) ? message(registration) : NOT_FOUND,
      );
      expect(await journal.findRegistration(registration.receipt)).toEqual(registration);
    }
    const { journal } = journalWith(() => NOT_FOUND);
    expect(await journal.findRegistration(registration.receipt)).toBeUndefined();
  });

  it('finds the last fact of each type at home, and nothing where home does not tell all', async () => {
    const rejected = factEvent('rejected', { n: 1 });
    const isAsked = ({ question }: Sent): boolean => question.includes('.rejected.');
    const { journal } = journalWith((sent) => (isAsked(sent) ? message(rejected) : NOT_FOUND));
    expect(await journal.findFacts(registration)).toMatchObject([{ event: rejected, sequence: 4 }]);
    const silent = journalWith((sent) => (isAsked(sent) ? undefined : NOT_FOUND));
    expect(await silent.journal.findFacts(registration)).toBeUndefined();
  });

  it('finds a withdrawal in another shard, and does not need one that does not answer', async () => {
    const withdrawn = factEvent('withdrawn');
    const { journal } = journalWith(({ subject, question }) => {
      if (subject.endsWith(`_${home}`)) return NOT_FOUND;
      return subject.endsWith(`_${(home + 1) % SHARDS}`) && question.includes('.withdrawn.')
        ? message(withdrawn)
        : undefined;
    });
    expect(await journal.findFacts(registration)).toMatchObject([{ event: withdrawn }]);
  });
});

import { expect, it } from '@jest/globals';
import { createJournalState } from '../../../app/compare/journal-state.ts';
import { keepComparing } from '../../../app/compare/keep-comparing.ts';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import type { Stored } from '../../../journal/reading.ts';

const campaignId = 'spring';
const citizenKey = secretKey(Buffer.alloc(32, 7));
const atMs = Date.parse('2020-09-25T10:00:00.000Z');

const message = (sequence: number): Stored => {
  const citizenHash = sequence.toString(16).padStart(8, '0').padEnd(64, '5');
  const receipt = deriveReceipt(citizenKey, campaignId, citizenHash, 'key').receiptNo;
  const event: EventEnvelope = {
    v: 1,
    id: receipt,
    type: 'received',
    kind: 'citizen',
    campaignId,
    receipt,
    citizenHash,
    at: new Date(atMs).toISOString(),
    site: 'default',
    keyId: 'k',
    data: { sealed: 'eA==', channel: 'wechat', category: 'dining', locale: 'zh-CN', policyVersion: '1' },
  };
  const subject = eventSubject(campaignId, 0, 'received', receipt);
  return { sequence, storedAtMs: atMs, subject, data: encodeEnvelope(event) };
};

/** A journal of one shard. */
const journalOf = (messages: readonly Stored[]) => ({
  async *replay(_shard: number, from: number) {
    yield messages.slice(from - 1);
  },
});

// 13 million numbers in lists would be more than the Job's heap of 256 MiB.
it('keeps no list of what the database has already', async () => {
  const state = createJournalState(
    campaignId,
    1,
    journalOf(Array.from({ length: 10 }, (_, index) => message(index + 1))),
  );
  await state.readOn(AbortSignal.timeout(5_000), [7]);
  expect(state.expected.counts()).toEqual({ receipts: 10, facts: 0 });
  expect(state.inFlight([0]).size).toBe(3);
  expect(state.inFlight([9]).size).toBe(1);
});

it('asks what the database has before it reads the journal', async () => {
  const asked: string[] = [];
  const ending = new AbortController();
  const journal = {
    ...journalOf([message(1)]),
    committed: async () => {
      asked.push('committed');
      return [1];
    },
  };
  const state = createJournalState(campaignId, 1, journal);
  const database = {
    snapshot: async (): Promise<never> => {
      asked.push('snapshot');
      ending.abort();
      throw new Error('enough');
    },
  };
  const deps = { shards: 1, state, journal, database, isListed: async () => false, now: () => 0, monotonicMs: () => 0 };
  const ended = keepComparing({ ...deps, onRound: () => undefined, onError: () => undefined }, ending.signal);
  await expect(ended).rejects.toThrow();
  expect(asked.slice(0, 1)).toEqual(['committed']);
  expect(state.inFlight([0]).size).toBe(0);
});

/**
 * Reads and appends facts of one receipt that depend on each other: corrections, changes of channel, and decisions of reviewers.
 *
 * These are in the citizen's own shard only, without a hedge: a second shard could not compare. Each is appended with the sequence of
 * the last one of its receipt and type (`Nats-Expected-Last-Subject-Sequence`), for which the shard's quorum is the judge. While
 * that shard has no leader, for seconds, a citizen is asked to repeat. A reviewer's decision names the last fact of any type
 * (`Nats-Expected-Last-Subject-Sequence-Subject`): verified and rejected have different subjects, and only one of them may follow.
 *
 * | the shard answers                                 | result |
 * |---------------------------------------------------|--------|
 * | stored                                            | stored |
 * | another one is the last, or the id is known       | overtaken: perhaps by an earlier try of this append |
 * | another one is under way                          | asked again soon |
 * | no room                                           | unavailable, full |
 * | nothing, no leader, or bytes that are no answer   | asked again, until the budget ends; then unavailable |
 */
import { setTimeout as delay } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import { type EventEnvelope, type EventType, FACTS_BEFORE_FREEZE } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { astraySubject, eventSubject, issuingSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import { atMost } from '../../runtime/at-most.ts';
import { TOTAL_BUDGET_MS } from '../attempt.ts';
import type { CampaignJournal } from '../connection.ts';
import { type CopyAnswer, readAnswer } from '../outbox.ts';
import type { AppendOutcome, ReceiptJournal, StoredFact, WholeReceipt } from '../publishing.ts';
import { createStoredReader } from './stored.ts';

export interface ReceiptJournalOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
  /** The process ends. */
  readonly signal: AbortSignal;
}

const ANSWER_WITHIN_MS = 1_000;
/** A nats-server with 10,000 pending API requests drops all of them, of every campaign. */
const MOST_AT_ONCE = 8;
/** Longer than a quorum takes to fsync. */
const AGAIN_AFTER_MS = 50;

/** What decides about a change, besides the registration. */
const FACTS: readonly EventType[] = ['channel_changed', ...FACTS_BEFORE_FREEZE];

/** Undefined: asked again. */
const outcomeOf = (answer: CopyAnswer): AppendOutcome | undefined => {
  if (answer.kind === 'stored') return { kind: answer.duplicate ? 'overtaken' : 'stored' };
  return answer.failure === 'full' ? { kind: 'unavailable', reason: 'full' } : undefined;
};

export const createReceiptJournal = (options: ReceiptJournalOptions): ReceiptJournal & WholeReceipt => {
  const { connection, campaignId, shards, monotonicMs, signal } = options;
  const ask = createStoredReader(options);
  const inTurn = atMost(MOST_AT_ONCE);
  const read: typeof ask = (...question) => inTurn(() => ask(...question));
  /** In the home shard. */
  const subjectIn = (
    { citizenHash, receipt }: Pick<EventEnvelope, 'citizenHash' | 'receipt'>,
    type: EventType | '*',
  ): string => {
    const shard = shardOf(citizenHash, shards);
    return type === 'issuing'
      ? issuingSubject(campaignId, shard, receipt, '*')
      : eventSubject(campaignId, shard, type, receipt);
  };
  const everyShard = Array.from({ length: shards }, (_, shard) => shard);

  /** @param compared subject whose last message must be `after` */
  const send = async (event: EventEnvelope, after: number, compared: string, withinMs: number): Promise<CopyAnswer> => {
    const subject = subjectIn(event, event.type);
    const head = headers();
    head.set('Nats-Msg-Id', event.id);
    head.set('Nats-Expected-Last-Subject-Sequence', String(after));
    if (compared !== subject) head.set('Nats-Expected-Last-Subject-Sequence-Subject', compared);
    try {
      const timeout = Math.min(ANSWER_WITHIN_MS, withinMs);
      const message = await connection.nats.request(subject, encodeEnvelope(event), { headers: head, timeout });
      return readAnswer(message.data, message.headers?.code);
    } catch {
      return { kind: 'failed', failure: 'unknown' };
    }
  };

  const append = async (event: EventEnvelope, after: number, compared: string): Promise<AppendOutcome> => {
    const untilMs = monotonicMs() + TOTAL_BUDGET_MS;
    for (let leftMs = TOTAL_BUDGET_MS; leftMs > 0; leftMs = untilMs - monotonicMs()) {
      // The client would keep the message and send it at any later time.
      if (signal.aborted || !connection.isConnected()) break;
      const outcome = outcomeOf(await send(event, after, compared, leftMs));
      if (outcome !== undefined) return outcome;
      await delay(AGAIN_AFTER_MS);
    }
    return { kind: 'unavailable', reason: 'unanswered' };
  };

  return {
    async findRegistration(receipt) {
      if (!connection.isConnected()) return undefined;
      const found = Promise.withResolvers<EventEnvelope>();
      const all = Promise.all(
        everyShard
          .flatMap((shard) => [
            [shard, eventSubject(campaignId, shard, 'received', receipt)] as const,
            [shard, astraySubject(campaignId, shard, receipt)] as const,
          ])
          .map(async ([shard, subject]) => {
            const one = await read(shard, { last_by_subj: subject }, receipt);
            if (one.kind === 'stored') found.resolve(one.event);
          }),
      );
      return Promise.race([found.promise, all.then(() => undefined)]);
    },

    async findFacts({ receipt, citizenHash }) {
      if (!connection.isConnected()) return undefined;
      const home = shardOf(citizenHash, shards);
      const last = (shard: number, type: EventType) =>
        read(shard, { last_by_subj: eventSubject(campaignId, shard, type, receipt) }, receipt);
      const [here, elsewhere] = await Promise.all([
        Promise.all(FACTS.map((type) => last(home, type))),
        // Withdrawals alone may be in another shard. One that does not answer is left out: a withdrawal outranks what follows it.
        Promise.all(everyShard.filter((shard) => shard !== home).map((shard) => last(shard, 'withdrawn'))),
      ]);
      if (here.some(({ kind }) => kind === 'unavailable')) return undefined;
      return [...here, ...elsewhere].flatMap((one): readonly StoredFact[] => (one.kind === 'stored' ? [one] : []));
    },

    append: (event, after) => append(event, after, subjectIn(event, event.type)),
    appendAfterAll: (event, after) => append(event, after, subjectIn(event, '*')),

    async last(registration, type) {
      if (!connection.isConnected()) return undefined;
      const { citizenHash, receipt } = registration;
      const subject = subjectIn(registration, type ?? '*');
      const one = await read(shardOf(citizenHash, shards), { last_by_subj: subject }, receipt);
      if (one.kind === 'stored') return { event: one.event, sequence: one.sequence };
      return one.kind === 'absent' ? 'none' : undefined;
    },
  };
};

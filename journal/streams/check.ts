/**
 * Checks a shard by a publish that must be refused: on a registration's subject, over the process's own connection, but with
 * the name of another stream as the expected one. Servers compare names before they store anything. So the answer 10060 proves
 * account, permission, leader and room on the server, and stores nothing (nats-server, server/jetstream_batching.go,
 * checkMsgHeadersPreClusteredProposal).
 *
 * It proves neither a quorum nor room in the shard, whose `max_bytes` are compared later. Only a registration proves both, so
 * registrations alone count where there are any (journal-health.ts).
 */

import { type Msg, headers as newHeaders } from '@nats-io/transport-node';
import { z } from 'zod';
import { eventSubject } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { CampaignJournal } from '../connection.ts';
import type { JournalFailure, JournalHealth } from '../journal-health.ts';
import { type CopyFailure, readAnswer } from '../outbox.ts';

/** No stream has this name. */
const EXPECTED = 'voucher-check';
const STREAM_NOT_MATCHED = 10060;
const ANSWER_WITHIN_MS = 1_000;
/** A shorter loss of the connection is not reported. */
const AWAY_AFTER_MS = 1_000;
const CHECK_EVERY_MS = 2_000;

/** A conflict proves a leader. */
const STATE_OF: Readonly<Record<CopyFailure, 'answers' | JournalFailure>> = {
  nobody: 'no_leader',
  full: 'full',
  conflict: 'answers',
  unknown: 'silent',
};

const refusal = z.object({ error: z.object({ err_code: z.number() }) });

export const checkAnswerOf = (data: Uint8Array, statusCode: number | undefined): 'answers' | JournalFailure => {
  if (parseUntrusted(refusal, data)?.error.err_code === STREAM_NOT_MATCHED) return 'answers';
  const answer = readAnswer(data, statusCode);
  // Stored: a server that does not know the header, but accepts writes.
  return answer.kind === 'stored' ? 'answers' : STATE_OF[answer.failure];
};

/** One check: one shard that accepts registrations is enough, as it is for a registration. Never rejects. */
export const createJournalCheck = ({ connection, campaignId, shards }: CampaignJournal) => {
  let turn = 0;

  const askShard = (shard: number, signal: AbortSignal): Promise<'answers' | JournalFailure> => {
    const { nats, newInbox } = connection;
    const answered = Promise.withResolvers<'answers' | JournalFailure>();
    const inbox = newInbox();
    const subscription = nats.subscribe(inbox, {
      max: 1,
      callback: (error: Error | null, message: Msg) =>
        answered.resolve(error === null ? checkAnswerOf(message.data, message.headers?.code) : 'credentials'),
    });
    const headers = newHeaders();
    headers.set('Nats-Expected-Stream', EXPECTED);
    nats.publish(eventSubject(campaignId, shard, 'received', 'check'), Buffer.from('{}'), { reply: inbox, headers });
    return within(systemClock, ANSWER_WITHIN_MS, signal, () => answered.promise)
      .catch(() => 'silent' as const)
      .finally(() => subscription.unsubscribe());
  };

  return async (signal: AbortSignal): Promise<'answers' | JournalFailure> => {
    if (!connection.isConnected()) await sleep(systemClock, AWAY_AFTER_MS, signal);
    if (!connection.isConnected()) return connection.isRefused() ? 'credentials' : 'disconnected';
    turn = (turn + 1) % shards;
    try {
      const first = await askShard(turn, signal);
      if (first === 'answers' || signal.aborted) return 'answers';
      const others = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => shard !== turn);
      const answers = await Promise.all(others.map((shard) => askShard(shard, signal)));
      if (answers.includes('answers')) return 'answers';
      if (connection.isRefused()) return 'credentials';
      return [first, ...answers].find((answer) => answer !== 'silent') ?? first;
    } catch {
      // The connection was closed meanwhile.
      return connection.isRefused() ? 'credentials' : 'disconnected';
    }
  };
};

/** Checks while the process has had no success recently. Ends with the signal. */
export const keepJournalChecked = async (
  options: CampaignJournal,
  health: JournalHealth,
  monotonicMs: () => number,
  signal: AbortSignal,
): Promise<void> => {
  const check = createJournalCheck(options);
  while (!signal.aborted) {
    if (monotonicMs() - health.answeredAtMs >= CHECK_EVERY_MS) {
      const found = await check(signal);
      if (!signal.aborted) health.checked(found, monotonicMs());
    }
    await sleep(systemClock, CHECK_EVERY_MS, signal);
  }
};

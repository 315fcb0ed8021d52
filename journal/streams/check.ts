/**
 * Asks a shard's leader for a refusal: a registration's own subject, over the process's own connection and with its own
 * credentials, but with the expectation of a stream of another name. Servers compare that before they store anything, so
 * the answer 10060 proves account, permission, leader and room on the server, and leaves no message behind (nats-server,
 * server/jetstream_batching.go, checkMsgHeadersPreClusteredProposal).
 *
 * It proves neither that a quorum writes nor that the shard has room: its `max_bytes` are compared after the names are. Only a
 * registration proves both, so where registrations were published they alone judge (journal-health.ts).
 */

import { type Msg, headers as newHeaders } from '@nats-io/transport-node';
import { z } from 'zod';
import { eventSubject } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { JournalConnection } from '../connection.ts';
import type { JournalFailure, JournalHealth } from '../journal-health.ts';
import { readAnswer } from '../outbox.ts';

/** No stream has this name. */
const EXPECTED = 'voucher-check';
const STREAM_NOT_MATCHED = 10060;
const ANSWER_WITHIN_MS = 1_000;
/** A reconnect within this is no news. */
const AWAY_AFTER_MS = 1_000;
const CHECK_EVERY_MS = 2_000;

const refusal = z.object({ error: z.object({ err_code: z.number() }) });

/** What came back says. */
export const checkAnswerOf = (data: Uint8Array, statusCode: number | undefined): 'answers' | JournalFailure => {
  if (parseUntrusted(refusal, data)?.error.err_code === STREAM_NOT_MATCHED) return 'answers';
  const answer = readAnswer(data, statusCode);
  // Stored: a server that does not know the header. It can be written to.
  if (answer.kind === 'stored') return 'answers';
  switch (answer.failure) {
    case 'nobody':
      return 'no_leader';
    case 'full':
      return 'full';
    // A leader that has a copy of something under way is there.
    case 'conflict':
      return 'answers';
    case 'unknown':
      return 'silent';
  }
};

export interface JournalCheckOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly shards: number;
}

/** One look: a shard that takes registrations is enough, as it is for a registration. Never rejects. */
export const createJournalCheck = ({ connection, campaignId, shards }: JournalCheckOptions) => {
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
      // Closed under way.
      return connection.isRefused() ? 'credentials' : 'disconnected';
    }
  };
};

/** Checks while nothing of the process's own came through lately. Ends with the signal. */
export const keepJournalChecked = async (
  options: JournalCheckOptions,
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

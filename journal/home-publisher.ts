/**
 * Publishes facts to the citizen's home shard only, and again until the journal acknowledges: without a hedge, so that a look-up of
 * that shard is exact (facts.ts). A copy whose answer was lost becomes a duplicate by its Nats-Msg-Id, or is a second copy of the
 * same fact, which is joined.
 */
import type { EventEnvelope } from '../contract/envelope.ts';
import { encodeEnvelope } from '../contract/envelope-schema.ts';
import { eventSubject } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import { type BackoffLimits, backoffMs } from '../runtime/backoff.ts';
import { systemClock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { CampaignJournal } from './connection.ts';
import { createOutbox } from './outbox.ts';

export interface HomePublisherOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
  /** [0, 1) */
  readonly random?: () => number;
}

/** Resolves once a quorum has fsynced it. @throws the signal's reason */
export type PublishHome = (event: EventEnvelope, signal: AbortSignal) => Promise<void>;

const ANSWER_WITHIN_MS = 3_000;
const AGAIN: BackoffLimits = { initialMs: 100, maxMs: 2_000 };

export const createHomePublisher = (options: HomePublisherOptions): PublishHome => {
  const { connection, campaignId, shards, monotonicMs, random = Math.random } = options;
  const outbox = createOutbox(connection, monotonicMs);
  return async (event, signal) => {
    const shard = shardOf(event.citizenHash, shards);
    const copy = {
      subject: eventSubject(campaignId, shard, event.type, event.receipt),
      messageId: event.id,
      payload: encodeEnvelope(event),
      first: false,
      withinMs: ANSWER_WITHIN_MS,
    };
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      // While disconnected, the client would keep the copies and send all of them later.
      if (connection.isConnected() && (await outbox.send(copy)).kind === 'stored') return;
      failures += 1;
      await sleep(systemClock, backoffMs(failures, AGAIN, random()), signal);
    }
  };
};

/**
 * Publishes facts to the citizen's home shard only, and again until the journal acknowledges: without a hedge, so that a look-up of
 * that shard is exact (facts.ts). A copy whose answer was lost becomes a duplicate by its Nats-Msg-Id, or is a second copy of the
 * same fact, which is joined.
 */
import type { EventEnvelope } from '../contract/envelope.ts';
import { encodeEnvelope } from '../contract/envelope-schema.ts';
import { issuingSubject, subjectOf } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import { type BackoffLimits, backoffMs } from '../runtime/backoff.ts';
import { systemClock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { CampaignJournal } from './connection.ts';
import { type Copy, type CopyAnswer, createOutbox } from './outbox.ts';

export interface HomePublisherOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
  /** [0, 1) */
  readonly random?: () => number;
}

/** Resolves once a quorum has fsynced it. @param traceparent for a header of the message @throws the signal's reason */
export type PublishHome = (event: EventEnvelope, signal: AbortSignal, traceparent?: string) => Promise<void>;

/**
 * Appends an `issuing` fact, and only if `after` is still the sequence of the last `issuing` fact of its receipt, whatever its channel;
 * 0: there is none. So of two that were decided from the same facts only one is stored.
 * - `overtaken`: another one is stored, or this one by an earlier try
 * - `unknown`: it may be stored; the facts say so
 * @throws the signal's reason
 */
export type AppendIssuing = (
  event: EventEnvelope,
  after: number,
  signal: AbortSignal,
  traceparent?: string,
) => Promise<'stored' | 'overtaken' | 'unknown'>;

const ANSWER_WITHIN_MS = 3_000;
const AGAIN: BackoffLimits = { initialMs: 100, maxMs: 2_000 };
/** After these the facts are looked up again: a journal that was restored meanwhile may never accept the append. */
const MOST_APPENDS = 4;

const createSend = (options: HomePublisherOptions) => {
  const { connection, shards, monotonicMs, random = Math.random } = options;
  const outbox = createOutbox(connection, monotonicMs);
  /** Until it is stored, or so many answers are no success. */
  return async (
    event: EventEnvelope,
    { mostTries, ...expected }: Pick<Copy, 'after' | 'traceparent'> & { readonly mostTries: number },
    signal: AbortSignal,
  ): Promise<CopyAnswer> => {
    const copy = {
      subject: subjectOf(event, shardOf(event.citizenHash, shards)),
      messageId: event.id,
      payload: encodeEnvelope(event),
      first: false,
      ...expected,
      withinMs: ANSWER_WITHIN_MS,
    };
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      // While disconnected, the client would keep the copies and send all of them later.
      const answer = connection.isConnected() ? await outbox.send(copy) : undefined;
      if (answer?.kind === 'stored') return answer;
      failures += 1;
      if (failures >= mostTries) return answer ?? { kind: 'failed', failure: 'unknown' };
      await sleep(systemClock, backoffMs(failures, AGAIN, random()), signal);
    }
  };
};

export const createHomePublisher = (options: HomePublisherOptions): PublishHome => {
  const send = createSend(options);
  return async (event, signal, traceparent) => {
    await send(event, { mostTries: Number.POSITIVE_INFINITY, traceparent }, signal);
  };
};

export const createAppendIssuing = (options: HomePublisherOptions): AppendIssuing => {
  const { campaignId, shards } = options;
  const send = createSend(options);
  return async (event, sequence, signal, traceparent) => {
    const of = issuingSubject(campaignId, shardOf(event.citizenHash, shards), event.receipt, '*');
    const answer = await send(event, { after: { sequence, of }, mostTries: MOST_APPENDS, traceparent }, signal);
    if (answer.kind === 'failed') return 'unknown';
    return answer.duplicate ? 'overtaken' : 'stored';
  };
};

/**
 * Pulls messages of a durable consumer. The client's own fetch waits for a full batch or a whole second; this returns waiting
 * messages at once, and waits only for the first message of an empty shard. Uses the JetStream pull protocol (ADR-37: no_wait,
 * expires, batch).
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Channel } from '../contract/envelope.ts';
import { consumerName, shardStreamName } from '../contract/names.ts';
import { consumersOf, type Tier } from '../contract/tiers.ts';
import { systemClock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { CampaignJournal } from './connection.ts';
import { type Delivery, type JournalReader, TRACEPARENT } from './reading.ts';
import { positionOf } from './streams/stored-at.ts';

export interface ReaderOptions extends Omit<CampaignJournal, 'shards'> {
  readonly tier: Tier;
  /** Of a tier with several consumers. Absent: the tier's own. */
  readonly lane?: Channel;
}

/** After the first message of a batch: at most 5 commits a second under low load, instead of one a message. */
const LINGER_MS = 200;
/** Longer than the server needs to answer that there is nothing. */
const ANSWER_WITHIN_MS = 2_000;

interface PullRequest {
  readonly batch: number;
  readonly no_wait?: boolean;
  readonly expires?: number;
}

const deliveryOf = (shard: number, message: Msg): Delivery => ({
  shard,
  ...positionOf(message.reply),
  subject: message.subject,
  data: message.data,
  traceparent: () => message.headers?.get(TRACEPARENT) || undefined,
  ack: () => void message.respond('+ACK'),
  working: () => void message.respond('+WPI'),
  giveBack: (delayMs) => void message.respond(`-NAK ${JSON.stringify({ delay: Math.ceil(delayMs) * 1_000_000 })}`),
  term: (reason) => void message.respond(`+TERM ${reason}`),
});

const isStatus = (message: Msg): boolean => message.data.length === 0 && (message.headers?.code ?? 0) > 0;

/**
 * Statuses of a pull (nats-server, server/consumer.go):
 *
 * | status | description | means |
 * |--------|-------------|-------|
 * | 404, 408 | no messages, request timeout | end of the pull |
 * | 409 | leadership change, server shutdown, exceeded max ack pending | end; the rest comes with a later pull |
 * | 409 | consumer deleted | error: only the operator creates it again |
 * | 503 | – | error: no leader now, or no such consumer |
 * | 400 and others | bad request | error of ours |
 */
const errorOf = ({ headers }: Msg, what: string): Error | undefined => {
  const { code = 0, description = '' } = headers ?? {};
  if (code === 404 || code === 408) return undefined;
  if (code === 409 && !description.includes('Deleted')) return undefined;
  if (code === 409) return new Error(`${what} was deleted`);
  if (code === 503) return new Error(`${what} has no leader now, or does not exist`);
  return new Error(`${what} refused a pull: ${code} ${description}`);
};

interface PullFrom {
  readonly nats: NatsConnection;
  readonly newInbox: () => string;
  readonly subject: string;
  /** For errors. */
  readonly what: string;
}

/**
 * Messages of one pull. Ends at `batch`, at a status, or after `withinMs`; received messages are never dropped, and no answer at
 * all is an error. A signal ends the waiting for new messages, but not a pull of waiting ones: they are under way already, and
 * no worker would get them before their ack_wait is over.
 */
const pull = (
  { nats, newInbox, subject, what }: PullFrom,
  request: PullRequest,
  withinMs: number,
  signal: AbortSignal,
): Promise<readonly Msg[]> =>
  new Promise((resolve, reject) => {
    const messages: Msg[] = [];
    const inbox = newInbox();
    const end = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      subscription.unsubscribe();
      if (error !== undefined && messages.length === 0) reject(error);
      else resolve(messages);
    };
    const onAbort = (): void => end();
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return end(error);
        if (isStatus(message)) return end(errorOf(message, what));
        messages.push(message);
        if (messages.length >= request.batch) end();
      },
    });
    // The server reports an empty shard and the end of its time: no answer at all is neither.
    const timer = setTimeout(() => end(new Error(`${what} did not answer within ${withinMs} ms`)), withinMs);
    if (request.no_wait !== true) signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) return end();
    nats.publish(subject, JSON.stringify(request), { reply: inbox });
  });

export const createJournalReader = ({ connection, campaignId, tier, lane }: ReaderOptions): JournalReader => {
  const { nats, newInbox } = connection;
  const consumer = consumerName(tier, lane);
  const subjectOf = (shard: number): string =>
    `$JS.API.CONSUMER.MSG.NEXT.${shardStreamName(campaignId, shard)}.${consumer}`;
  return {
    async fetch({ shard, maxMessages, expiresMs }, signal) {
      if (!connection.isConnected()) throw new Error('the journal is not connected');
      const from = {
        nats,
        newInbox,
        subject: subjectOf(shard),
        what: `consumer ${consumer} of shard ${shard}`,
      };
      const atOnce = (batch: number): Promise<readonly Msg[]> =>
        pull(from, { batch, no_wait: true }, ANSWER_WITHIN_MS, signal);

      let taken = await atOnce(maxMessages);
      if (taken.length === 0 && !signal.aborted) {
        const request = { batch: 1, expires: expiresMs * 1_000_000 };
        taken = await pull(from, request, expiresMs + ANSWER_WITHIN_MS, signal);
      }
      if (taken.length > 0 && taken.length < maxMessages && !signal.aborted) {
        await sleep(systemClock, LINGER_MS, signal);
        // The batch in hand must reach its commit even if this pull fails.
        const rest = await atOnce(maxMessages - taken.length).catch(() => []);
        taken = [...taken, ...rest];
      }
      return taken.map((message) => deliveryOf(shard, message));
    },
  };
};

/** Whether the tier's consumers exist on every shard; a worker that starts before the operator waits for it. */
export const hasConsumers = async (
  { connection, campaignId, tier }: Omit<ReaderOptions, 'lane'>,
  shards: number,
): Promise<boolean> => {
  try {
    const manager = await jetstreamManager(connection.nats, { checkAPI: false });
    for (let shard = 0; shard < shards; shard += 1) {
      const stream = shardStreamName(campaignId, shard);
      for (const lane of consumersOf(tier)) await manager.consumers.info(stream, consumerName(tier, lane));
    }
    return true;
  } catch {
    return false;
  }
};

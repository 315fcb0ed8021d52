/**
 * Sends copies to the journal, and receives the acknowledgements over one subscription.
 *
 * Copies are sent together, at most every FLUSH_EVERY_MS: what a server receives in one read costs one Raft append, one round
 * trip and one fsync. A copy after a pause is sent at once, and so are FULL_BATCH copies: a larger batch saves little and makes
 * each copy wait.
 *
 * Worked example, 24 ms: copies at 0, 1, 12 and 30 ms are sent at 0, 24 (two of them) and 48 ms.
 *
 * The client's own `request()` would create two Errors with stack traces and a timer for each copy: a sixth of an intake's CPU
 * (docs/adr/0006).
 */

import { headers, type Msg } from '@nats-io/transport-node';
import { z } from 'zod';
import { parseUntrusted } from '../contract/untrusted.ts';
import type { JournalConnection } from './connection.ts';
import { kindOfCode } from './errors.ts';
import { TRACEPARENT } from './reading.ts';

/**
 * No leader, or full: certainly not stored. conflict: another copy with the same id is under way in that shard and not stored
 * yet. unknown: refused, broken or silent for too long, and may have been stored.
 */
export type CopyFailure = 'nobody' | 'full' | 'conflict' | 'unknown';
export type CopyAnswer =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly kind: 'failed'; readonly failure: CopyFailure };

export interface Copy {
  readonly subject: string;
  readonly messageId: string;
  readonly payload: Uint8Array;
  /**
   * The shard must hold nothing on that subject: otherwise it answers with a duplicate, however long ago that was stored. The
   * message id does the same within the duplicate window only.
   */
  readonly first: boolean;
  /** The last message of these subjects must have this sequence; 0: there is none. Otherwise as for `first`. */
  readonly after?: { readonly sequence: number; readonly of: string };
  /** How long to wait for the answer. */
  readonly withinMs: number;
  /** A header by which readers continue a trace. Not part of the fact. */
  readonly traceparent?: string | undefined;
}

export interface Outbox {
  /** Never rejects. */
  send(copy: Copy): Promise<CopyAnswer>;
}

/** Measured at 3,000/s, CPU of three servers for one copy: 0.93 ms without, 0.30 at 12, 0.22 at 25 (docs/adr/0006). */
const FLUSH_EVERY_MS = 24;
/** A third of them for each shard. Against 24 ms alone: 5 % more per second, and p99 a tenth lower (docs/adr/0013). */
const FULL_BATCH = 64;
const LOOK_FOR_OVERDUE_EVERY_MS = 100;

/** `wrong last sequence: 7`: the subject has a message, which the quorum has committed. */
const HELD = 10071;
/** The id, or the subject, is in a proposal under way (`duplicate message id is in process`, `wrong last sequence`). */
const CONFLICTS = new Set([10158, 10164]);
const NO_RESPONDERS = 503;

/** JetStream's answer to a publish: `{"stream":"S","seq":7}`, `{..., "duplicate":true}` or `{"error":{...}}`. */
const publishAck = z.union([
  z.object({ error: z.object({ err_code: z.number().optional(), description: z.string().optional() }) }),
  z.object({ stream: z.string().min(1), seq: z.number().int().positive(), duplicate: z.boolean().optional() }),
]);

const UNKNOWN: CopyAnswer = { kind: 'failed', failure: 'unknown' };

/** Result of a copy. Bytes that are no answer of JetStream prove nothing: `unknown`. */
export const readAnswer = (data: Uint8Array, statusCode: number | undefined): CopyAnswer => {
  if (data.length === 0 && statusCode === NO_RESPONDERS) return { kind: 'failed', failure: 'nobody' };
  const ack = parseUntrusted(publishAck, data);
  if (ack === undefined) return UNKNOWN;
  if ('seq' in ack) return { kind: 'stored', sequence: ack.seq, duplicate: ack.duplicate ?? false };
  const { err_code: code = 0, description = '' } = ack.error;
  const held = code === HELD ? Number(/: (\d{1,15})$/.exec(description)?.[1] ?? 0) : 0;
  if (held > 0) return { kind: 'stored', sequence: held, duplicate: true };
  if (CONFLICTS.has(code)) return { kind: 'failed', failure: 'conflict' };
  return kindOfCode(code) === 'capacity' ? { kind: 'failed', failure: 'full' } : UNKNOWN;
};

interface Waiting {
  readonly resolve: (answer: CopyAnswer) => void;
  readonly untilMs: number;
}

export const createOutbox = (
  { nats, newInbox }: Pick<JournalConnection, 'nats' | 'newInbox'>,
  monotonicMs: () => number,
): Outbox => {
  const inbox = newInbox();
  const waiting = new Map<string, Waiting>();
  let queue: { readonly copy: Copy; readonly token: string }[] = [];
  let nextToken = 0;
  let flushedAtMs = Number.NEGATIVE_INFINITY;
  /** When the queue is sent: in this turn of the event loop, or by a timer. Undefined: it is empty. */
  let due: 'now' | NodeJS.Timeout | undefined;
  let overdueTimer: NodeJS.Timeout | undefined;

  const settle = (token: string, answer: CopyAnswer): void => {
    const entry = waiting.get(token);
    waiting.delete(token);
    entry?.resolve(answer);
  };

  nats.subscribe(`${inbox}.*`, {
    callback(error: Error | null, message: Msg) {
      if (error === null)
        settle(message.subject.slice(inbox.length + 1), readAnswer(message.data, message.headers?.code));
    },
  });

  const flush = (): void => {
    due = undefined;
    flushedAtMs = monotonicMs();
    const leaving = queue;
    queue = [];
    for (const { copy, token } of leaving) {
      const head = headers();
      head.set('Nats-Msg-Id', copy.messageId);
      if (copy.first) head.set('Nats-Expected-Last-Subject-Sequence', '0');
      if (copy.traceparent !== undefined) head.set(TRACEPARENT, copy.traceparent);
      if (copy.after !== undefined) {
        head.set('Nats-Expected-Last-Subject-Sequence', String(copy.after.sequence));
        head.set('Nats-Expected-Last-Subject-Sequence-Subject', copy.after.of);
      }
      try {
        // The client writes once for all publishes of one turn of the event loop.
        nats.publish(copy.subject, copy.payload, { reply: `${inbox}.${token}`, headers: head });
      } catch {
        settle(token, UNKNOWN);
      }
    }
  };

  const expireOverdue = (): void => {
    const nowMs = monotonicMs();
    for (const [token, { untilMs }] of waiting) if (untilMs <= nowMs) settle(token, UNKNOWN);
    if (waiting.size > 0) return;
    clearInterval(overdueTimer);
    overdueTimer = undefined;
  };

  return {
    send(copy) {
      const { promise, resolve } = Promise.withResolvers<CopyAnswer>();
      const nowMs = monotonicMs();
      const token = (nextToken++).toString(36);
      waiting.set(token, { resolve, untilMs: nowMs + copy.withinMs });
      overdueTimer ??= setInterval(expireOverdue, LOOK_FOR_OVERDUE_EVERY_MS);
      queue.push({ copy, token });
      const inMs = flushedAtMs + FLUSH_EVERY_MS - nowMs;
      if (due === 'now') return promise;
      if (inMs <= 0 || queue.length >= FULL_BATCH) {
        clearTimeout(due);
        due = 'now';
        setImmediate(flush);
      } else due ??= setTimeout(flush, inMs);
      return promise;
    },
  };
};

/**
 * What is held by one at a time: an assertion by the receipt that used it, an account by its citizen. An entry is created by
 * compare-and-set, so that of two pods one wins, and is never taken back.
 *
 * | the bucket's leader answers                       | result |
 * |---------------------------------------------------|--------|
 * | stored                                            | ours |
 * | there is an entry, with the same holder           | ours: an earlier try, or another pod of the same request |
 * | there is an entry, with another holder            | taken |
 * | there is an entry, but it can't be read yet       | asked again: its quorum is under way |
 * | nothing, or no leader                             | asked again, until the time is over; then unavailable |
 * | no room                                           | full; for assertions and accounts unavailable |
 * | many are asked already                            | unavailable at once |
 *
 * The key of an assertion expires after an hour, four times as long as the assertion counts, so that the bucket does not grow with the
 * number of logins. An account is kept.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { claimsBucketName } from '../contract/outside/login.ts';
import { atMost } from '../runtime/at-most.ts';
import type { JournalConnection } from './connection.ts';
import { orUndefined } from './errors.ts';
import { readAnswer } from './outbox.ts';

export type Held = 'ours' | 'taken' | 'unavailable';

export interface Claims {
  /** Never rejects. @param jti of the assertion */
  holdAssertion(jti: string, receipt: string): Promise<Held>;
  /** Never rejects. */
  holdAccount(accountHash: string, citizenHash: string): Promise<Held>;
}

export interface ClaimsOptions {
  readonly connection: Pick<JournalConnection, 'nats' | 'isConnected'>;
  readonly campaignId: string;
  readonly monotonicMs: () => number;
}

const WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 1_000;
const AGAIN_AFTER_MS = 50;
/** A nats-server with 10,000 pending API requests drops all of them, of every campaign. */
const MOST_AT_ONCE = 32;
/** More are unavailable at once, so that a bucket without a leader holds no more requests than that. */
const MOST_WAITING = 256;
const ASSERTION_KEPT = '1h';

/** `full`: certainly not stored, for lack of room. */
export interface Holder {
  /** Never rejects. @param key two words: a kind (contract/tier-entry.ts), and what is held */
  hold(key: string, holder: string, keptFor?: string): Promise<Held | 'full'>;
  /** Of the leader: buckets have no direct gets, by which a replica that lags could answer. Undefined: there is no entry. */
  holderOf(key: string): Promise<string | undefined>;
}

export const createHolder = ({ connection, campaignId, monotonicMs }: ClaimsOptions): Holder => {
  const { nats } = connection;
  const bucket = claimsBucketName(campaignId);
  const inTurn = atMost(MOST_AT_ONCE);
  let manager: Promise<JetStreamManager> | undefined;
  const subjectOf = (key: string): string => `$KV.${bucket}.${key}`;
  let waiting = 0;

  const create = async (key: string, holder: string, keptFor: string | undefined) => {
    const head = headers();
    head.set('Nats-Expected-Last-Subject-Sequence', '0');
    if (keptFor !== undefined) head.set('Nats-TTL', keptFor);
    const message = await nats.request(subjectOf(key), holder, { headers: head, timeout: ANSWER_WITHIN_MS });
    return readAnswer(message.data, message.headers?.code);
  };

  const read = async (key: string): Promise<string | undefined> => {
    manager ??= jetstreamManager(nats, { checkAPI: false, timeout: ANSWER_WITHIN_MS });
    const { streams } = await manager;
    const message = await orUndefined(streams.getMessage(`KV_${bucket}`, { last_by_subj: subjectOf(key) }));
    return message?.string();
  };

  const tryOnce = async (key: string, holder: string, keptFor: string | undefined): Promise<Held | 'full'> => {
    const answer = await create(key, holder, keptFor);
    if (answer.kind === 'stored' && !answer.duplicate) return 'ours';
    const known = await read(key);
    if (known !== undefined) return known === holder ? 'ours' : 'taken';
    return answer.kind === 'failed' && answer.failure === 'full' ? 'full' : 'unavailable';
  };

  const hold = async (key: string, holder: string, keptFor?: string): Promise<Held | 'full'> => {
    if (waiting >= MOST_WAITING) return 'unavailable';
    waiting += 1;
    // Of the time in line, too.
    const untilMs = monotonicMs() + WITHIN_MS;
    const asked = inTurn(async (): Promise<Held | 'full'> => {
      // The client would keep the message of a lost connection, and send it at any later time.
      while (connection.isConnected() && monotonicMs() < untilMs) {
        const held = await tryOnce(key, holder, keptFor).catch((): Held => 'unavailable');
        if (held !== 'unavailable') return held;
        await delay(AGAIN_AFTER_MS);
      }
      return 'unavailable';
    });
    return asked.finally(() => {
      waiting -= 1;
    });
  };

  return {
    hold,
    holderOf: (key) => inTurn(() => read(key)),
  };
};

export const createClaims = (options: ClaimsOptions): Claims => {
  const { hold } = createHolder(options);
  const claim = async (key: string, holder: string, keptFor?: string): Promise<Held> => {
    const held = await hold(key, holder, keptFor);
    return held === 'full' ? 'unavailable' : held;
  };
  return {
    holdAssertion: (jti, receipt) => claim(`assertion.${jti}`, receipt, ASSERTION_KEPT),
    holdAccount: (accountHash, citizenHash) => claim(`account.${accountHash}`, citizenHash),
  };
};

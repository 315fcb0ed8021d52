/**
 * Whether an account may be bound to a receipt, by the facts of the receipt. Pure. The deadline, the secret and the assertion are checked
 * before, and that no other citizen has the account, afterwards.
 *
 * | what is stored                                | result |
 * |-----------------------------------------------|--------|
 * | erased; merged; withdrawn                     | ERASED; SUPERSEDED; WITHDRAWN |
 * | the last `bound` is of this account           | done: a repeat |
 * | issued, and what follows                      | ACCOUNT_ISSUED |
 * | issuing n without a result                    | ACCOUNT_ISSUING: its request goes to the account before |
 * | the registration is for another channel       | ACCOUNT_CHANNEL |
 * | six accounts                                  | NO_ACCOUNT_CHANGE_LEFT |
 * | fewer                                         | bound, with the next attempt |
 */
import type { Channel, EventType } from '../../contract/envelope.ts';
import { receivedDataOf } from '../../contract/envelope-schema.ts';
import type { StoredFact } from '../../journal/publishing.ts';
import { project } from '../core/projection.ts';
import type { ErrorCode } from '../http/errors.ts';
import { endedBy, factsOf, type ReceiptFacts } from './change-rules.ts';

/** One, and five changes. */
export const MOST_ACCOUNTS = 6;

/** What decides besides the facts of every change. */
export const OF_BINDING = [
  'promoted',
  'lost',
  'bound',
  'issuing',
  'issue_failed',
  'issued',
] as const satisfies readonly EventType[];

export type BindDecision =
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  | { readonly kind: 'done' }
  /** `after`: sequence of the last `bound`; 0: none. */
  | { readonly kind: 'append'; readonly attempt: number; readonly after: number };

/** Among all facts; undefined: there is none. */
export const nextBinding = (last: StoredFact | undefined, accountHash: string): BindDecision => {
  if (last?.event.accountHash === accountHash) return { kind: 'done' };
  const attempt = last === undefined ? 1 : (last.event.attempt ?? 1) + 1;
  if (attempt > MOST_ACCOUNTS) return { kind: 'refused', code: 'NO_ACCOUNT_CHANGE_LEFT' };
  return { kind: 'append', attempt, after: last?.sequence ?? 0 };
};

const AFTER_ISSUE: readonly string[] = ['issued', 'expired', 'redeemed'];

export const decideBinding = (accountHash: string, of: Channel, receipt: ReceiptFacts): BindDecision => {
  const facts = factsOf(receipt);
  const { state, channel } = project(facts);
  const ended = endedBy({ state }, facts);
  if (ended !== undefined) return { kind: 'refused', code: ended };
  const next = nextBinding(
    receipt.stored.find(({ event }) => event.type === 'bound'),
    accountHash,
  );
  if (next.kind === 'done') return next;
  if (AFTER_ISSUE.includes(state)) return { kind: 'refused', code: 'ACCOUNT_ISSUED' };
  if (state === 'issuing') return { kind: 'refused', code: 'ACCOUNT_ISSUING' };
  if ((channel ?? receivedDataOf(receipt.registration).channel) !== of)
    return { kind: 'refused', code: 'ACCOUNT_CHANNEL' };
  return next;
};

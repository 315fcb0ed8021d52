/**
 * What follows from the facts of a receipt, as its home shard has them. Pure.
 *
 * Stage 1, for a `won`, `promoted`, `bound` or `channel_changed`; the first line that is true:
 *
 * | the receipt                                                | what follows |
 * |------------------------------------------------------------|--------------|
 * | is of a canary or a rehearsal                              | nothing |
 * | is neither won nor promoted                                | nothing: the draw may come later |
 * | is erased                                                  | nothing, for good |
 * | is lost: it was replaced                                   | nothing, for good: its place is another person's |
 * | is issued                                                  | nothing, for good |
 * | has issuing n without issue_failed n                       | nothing: stage 2 sends it |
 * | has issue_failed n, and MOST_ATTEMPTS of them              | nothing |
 * | has issue_failed n, and nothing bound or changed since     | nothing: the citizen is to bind another account |
 * | has no account at its channel                              | nothing: the citizen is to bind one |
 * | any other                                                  | issuing n + 1 |
 *
 * `bindBy` is the intake's: what it has stored counts. If the spec decided here, a `bindBy` that is moved to an earlier time for a minute would
 * take the voucher from everyone whose fact is read in that minute, for good.
 *
 * Its channel is that of the citizen's last word, `bound` or `channel_changed`, whichever the journal stored later.
 *
 * Worked example: won, bound 1 (wechat), issuing 1, issue_failed 1, channel_changed (alipay): no account there. bound 2 (alipay):
 * issuing 2 at alipay.
 *
 * Stage 2, for an `issuing n`:
 *
 * | the receipt                              | what follows |
 * |------------------------------------------|--------------|
 * | is erased                                | nothing: a key that still opens the account is no permission |
 * | is issued, or has issue_failed n or later | nothing |
 * | any other                                | the request n, after the look-ups of `queriesFirst` |
 */
import { z } from 'zod';
import { CHANNELS, type Channel, type EventEnvelope, type EventType } from '../../contract/envelope.ts';
import { MOST_ATTEMPTS } from '../../contract/outside/issuance.ts';
import type { StoredFact } from '../../journal/publishing.ts';
import type { LastFacts } from '../../journal/receipts/facts.ts';

/** What stage 1 looks up: whether there is a place, then the rest, then what became of the last request. */
export const PLACE_FACTS = ['won', 'promoted'] as const satisfies readonly EventType[];
export const ACCOUNT_FACTS = [
  'erased',
  'lost',
  'bound',
  'channel_changed',
  'issuing',
] as const satisfies readonly EventType[];
export const END_FACTS = ['issued', 'issue_failed'] as const satisfies readonly EventType[];
/** What stage 2 looks up. */
export const ISSUING_FACTS = ['erased', ...END_FACTS] as const satisfies readonly EventType[];

type Looked = (typeof PLACE_FACTS)[number] | (typeof ACCOUNT_FACTS)[number] | (typeof END_FACTS)[number];
/** A type that is absent has no fact. */
export type ReceiptFacts = Partial<LastFacts<Looked>> & {
  /** All `bound` facts, where the last one is of another channel. */
  readonly accounts?: readonly StoredFact[];
};

export const SKIPS = [
  'not_a_citizen',
  'no_place',
  'erased',
  'replaced',
  'issued',
  'under_way',
  'failed',
  'most_attempts',
  'unbound',
  'no_stock',
] as const;
export type Skip = (typeof SKIPS)[number];

const skip = (reason: Skip) => ({ kind: 'skip', reason }) as const;

const attemptOf = (fact: StoredFact | undefined): number => (fact === undefined ? 0 : (fact.event.attempt ?? 1));

const place = z.object({ voucher: z.string().min(1) });
const word = z.object({ channel: z.enum(CHANNELS) });
const account = word.extend({ sealed: z.string().min(1) });

/** What a winner gets, and since when the place is theirs: equal in every copy. */
export interface Place {
  readonly voucher: string;
  readonly at: string;
}

/** An account that is still sealed. */
export interface SealedAccount {
  readonly channel: Channel;
  readonly sealed: string;
  readonly keyId: string;
  readonly accountHash?: string;
}

export type RouterDecision =
  | ReturnType<typeof skip>
  | {
      readonly kind: 'issue';
      readonly n: number;
      /** Sequence of the last `issuing` fact; 0: there is none. */
      readonly after: number;
      readonly place: Place;
      readonly account: SealedAccount;
    };

const placeOf = ({ won, promoted }: ReceiptFacts): Place | undefined => {
  const event = (won ?? promoted)?.event;
  const data = event === undefined ? undefined : place.safeParse(event.data).data;
  return event === undefined || data === undefined ? undefined : { voucher: data.voucher, at: event.at };
};

const later = (a: StoredFact | undefined, b: StoredFact | undefined): StoredFact | undefined =>
  (a?.sequence ?? 0) > (b?.sequence ?? 0) ? a : b;

/** The channel of the citizen's last word. */
export const channelOf = ({ bound, channel_changed }: ReceiptFacts): Channel | undefined =>
  word.safeParse(later(bound, channel_changed)?.event.data).data?.channel;

/** The last account at this channel. */
const accountAt = ({ bound, accounts = [] }: ReceiptFacts, channel: Channel): SealedAccount | undefined => {
  for (const { event } of [...accounts, ...(bound === undefined ? [] : [bound])].reverse()) {
    const data = account.safeParse(event.data).data;
    if (data?.channel !== channel) continue;
    const { keyId, accountHash } = event;
    const { sealed } = data;
    return { channel, sealed, keyId, ...(accountHash === undefined ? {} : { accountHash }) };
  }
  return undefined;
};

/** What the event alone decides; undefined: what is stored decides. */
export const decideAlone = ({ kind }: Pick<EventEnvelope, 'kind'>): ReturnType<typeof skip> | undefined =>
  kind === 'citizen' ? undefined : skip('not_a_citizen');

export const decideRoute = (facts: ReceiptFacts): RouterDecision => {
  const { erased, lost, issued, issuing, issue_failed, bound, channel_changed } = facts;
  const itsPlace = placeOf(facts);
  if (itsPlace === undefined) return skip('no_place');
  if (erased !== undefined) return skip('erased');
  if (lost !== undefined) return skip('replaced');
  if (issued !== undefined) return skip('issued');
  const n = attemptOf(issuing);
  if (n > attemptOf(issue_failed)) return skip('under_way');
  if (n >= MOST_ATTEMPTS) return skip('most_attempts');
  const lastWord = later(bound, channel_changed);
  if (n > 0 && (lastWord?.sequence ?? 0) < (issue_failed?.sequence ?? 0)) return skip('failed');
  const channel = channelOf(facts);
  const found = channel === undefined ? undefined : accountAt(facts, channel);
  if (found === undefined) return skip('unbound');
  return { kind: 'issue', n: n + 1, after: issuing?.sequence ?? 0, place: itsPlace, account: found };
};

export type IssuingDecision = ReturnType<typeof skip> | { readonly kind: 'send' };

export const decideIssuing = (n: number, { erased, issued, issue_failed }: ReceiptFacts): IssuingDecision => {
  if (erased !== undefined) return skip('erased');
  if (issued !== undefined) return skip('issued');
  return attemptOf(issue_failed) >= n ? skip('failed') : { kind: 'send' };
};

/**
 * Attempts whose requests are looked up at the channel before request n is sent.
 *
 * | the message, and its journal                         | look-ups |
 * |------------------------------------------------------|----------|
 * | facts may be lost, or the stocks were used before    | n, and all attempts after it: a later one may have been issued |
 * | the message was delivered before                     | n: another pod, or this one, may have sent it |
 * | any other                                            | none |
 *
 * Attempts before n have an issue_failed, which proves that they issued nothing.
 */
export const queriesFirst = (
  n: number,
  { deliveryCount = 1, factsMayBeLost }: { readonly deliveryCount?: number; readonly factsMayBeLost: boolean },
): readonly number[] => {
  if (factsMayBeLost) return Array.from({ length: MOST_ATTEMPTS - n + 1 }, (_, i) => n + i);
  return deliveryCount > 1 ? [n] : [];
};

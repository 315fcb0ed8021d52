/**
 * What all requests with receipt and secret have in common. The order of the checks:
 *
 * | check                                        | refused with |
 * |----------------------------------------------|--------------|
 * | settings known                               | 503 STARTING |
 * | the secret proves the receipt                | 404, one and the same |
 * | the time for it, by the agreed clock         | 409 LIST_FROZEN; of a binding with what is stored, because it depends on that |
 * | a contingency level's page                   | 503 REGISTRATION_PAUSED |
 * | load of this process                         | 503 OVERLOADED |
 * | body                                         | as for a registration |
 * | requests for this receipt                    | 429 TOO_MANY_CHANGES |
 * | requests under way in this process           | 503 OVERLOADED |
 * | the journal has the registration             | 503 CHANGE_UNCONFIRMED |
 * | what is stored (change-rules.ts, binding-rules.ts) | 409, 422; BINDING_OVER |
 * | the time again, because a body may take 5 s  | 409 |
 * | the age of the request, for a machine that was suspended | 503 CHANGE_UNCONFIRMED |
 *
 * The journal is asked for the facts, because the database may be behind; what the database knows besides is added.
 *
 * These requests are not counted as arrivals, and their durations teach the concurrency limit nothing: one shard without a leader makes
 * them slow, while registrations go to another shard.
 */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import type { FactedClaim } from '../../contract/winner.ts';
import type { ReceiptJournal, WholeReceipt } from '../../journal/publishing.ts';
import { ApiError } from '../http/errors.ts';
import type { LoadGuard } from '../http/load-guard.ts';
import { overloaded, pausedBy, soon, starting } from '../http/refusals.ts';
import { TokenBucket } from '../http/token-bucket.ts';
import type { ReceiptFacts } from './change-rules.ts';
import { ageSince, type GateDeps, PUBLISHED_WITHIN_MS } from './gate.ts';
import { provenReceipt, type ReceiptStateDeps } from './receipt-state.ts';
import type { RegisterDeps } from './register.ts';

export interface ReceiptRequestDeps extends RegisterDeps, ReceiptStateDeps, Omit<GateDeps, 'isOverloaded'> {
  readonly receiptJournal: ReceiptJournal & Pick<WholeReceipt, 'last'>;
  readonly guard: LoadGuard;
  readonly signal: AbortSignal;
}

export interface Admitted {
  readonly receiptNo: string;
  readonly settings: LiveSettings;
  /** Right before the journal is written to. @throws ApiError */
  checkAgain(): void;
}

/** The facts of a receipt, and what the database knows besides. */
export interface Looked extends ReceiptFacts {
  readonly acceptedAt: string;
  /** As far as the database knows them. */
  readonly others: readonly FactedClaim[];
}

/** Of whom a fact is. */
export type Subject = Pick<EventEnvelope, 'kind' | 'receipt' | 'citizenHash'>;

/** Longer than an election: a person has to make room. */
const FULL_AGAIN_SECONDS = 5;
/** Each asks the journal up to 21 questions, eight at once (journal/receipts/receipt-journal.ts). */
const MOST_UNDER_WAY = 16;
const MOST_RECEIPTS = 4_096;
const PER_SECOND = 1;
/** A double click, or a change of mind, is not abuse. */
const BURST_SECONDS = 5;

/** One request a second for each receipt. The oldest are forgotten. */
const createReceiptRate = (monotonicMs: () => number): ((receiptNo: string) => boolean) => {
  const buckets = new Map<string, TokenBucket>();
  return (receiptNo) => {
    const bucket = buckets.get(receiptNo) ?? new TokenBucket();
    buckets.delete(receiptNo);
    buckets.set(receiptNo, bucket);
    const [oldest = ''] = buckets.keys();
    if (buckets.size > MOST_RECEIPTS) buckets.delete(oldest);
    return bucket.take(monotonicMs(), PER_SECOND, BURST_SECONDS);
  };
};

export const createReceiptRequests = (deps: ReceiptRequestDeps) => {
  const { campaignId, receiptJournal, receipts } = deps;
  const mayAsk = createReceiptRate(deps.monotonicMs);
  let underWay = 0;
  const unconfirmed = (retryAfterSeconds: number): ApiError =>
    new ApiError('CHANGE_UNCONFIRMED', { retryAfterSeconds });
  const again = (): ApiError => unconfirmed(soon(deps.random()));

  return {
    again,
    unconfirmed,
    full: (): ApiError => unconfirmed(FULL_AGAIN_SECONDS),

    /** @param checkTime throws when the time for it is over */
    admit(sentReceiptNo: string, sentSecret: string, checkTime: (settings: LiveSettings) => void): Admitted {
      const ageMs = ageSince(deps);
      const settings = deps.settings.current();
      if (settings === undefined) throw starting(deps.random());
      const receiptNo = provenReceipt(deps, sentReceiptNo, sentSecret);
      checkTime(settings);
      if (settings.page !== undefined) throw pausedBy(settings.page, deps.random());
      if (deps.guard.isOverloaded()) throw overloaded(deps.random());
      const checkAgain = (): void => {
        checkTime(settings);
        if (ageMs() > PUBLISHED_WITHIN_MS) throw again();
      };
      return { receiptNo, settings, checkAgain };
    },

    async bounded<T>(receiptNo: string, work: () => Promise<T>): Promise<T> {
      if (!mayAsk(receiptNo)) throw new ApiError('TOO_MANY_CHANGES', { retryAfterSeconds: 1 });
      if (underWay >= MOST_UNDER_WAY) throw overloaded(deps.random());
      underWay += 1;
      try {
        return await work();
      } finally {
        underWay -= 1;
      }
    },

    async registrationOf(receiptNo: string): Promise<EventEnvelope> {
      const found = await receiptJournal.findRegistration(receiptNo);
      if (found === undefined) throw again();
      return found;
    },

    factOf: (
      { kind, receipt, citizenHash }: Subject,
      type: EventType,
      attempt: number,
      { keyId = '', ...data }: Readonly<Record<string, string>>,
    ): EventEnvelope => ({
      v: 1,
      id: attempt === 1 ? `${receipt}.${type}` : `${receipt}.${type}.${attempt}`,
      type,
      ...(attempt === 1 ? {} : { attempt }),
      kind,
      campaignId,
      receipt,
      citizenHash,
      at: new Date(deps.now()).toISOString(),
      ...(deps.isClockAgreed() ? { clock: 'agreed' } : {}),
      site: deps.site,
      keyId,
      data,
    }),

    /** @param besides types that decide, too */
    async look(registration: EventEnvelope, besides: readonly EventType[] = []): Promise<Looked> {
      const [stored, row, ...last] = await Promise.all([
        receiptJournal.findFacts(registration),
        receipts.find(registration.receipt, deps.signal),
        ...besides.map((type) => receiptJournal.last(registration, type)),
      ]);
      if (stored === undefined || last.some((one) => one === undefined)) throw again();
      const all = [...stored, ...last.filter((one) => one !== undefined && one !== 'none')];
      return row.kind === 'found'
        ? { registration, stored: all, recorded: row.facts, acceptedAt: row.receivedAt, others: row.others }
        : { registration, stored: all, recorded: [], acceptedAt: registration.at, others: [] };
    },
  };
};
export type ReceiptRequests = ReturnType<typeof createReceiptRequests>;

/**
 * What citizens change with receipt and secret: a withdrawal, a correction, another channel. The order of the checks:
 *
 * | check                                        | refused with |
 * |----------------------------------------------|--------------|
 * | settings known                               | 503 STARTING |
 * | the secret proves the receipt                | 404, one and the same |
 * | the time for changes, by the agreed clock    | 409 LIST_FROZEN |
 * | a contingency level's page                   | 503 REGISTRATION_PAUSED |
 * | load of this process                         | 503 OVERLOADED |
 * | body                                         | as for a registration |
 * | requests for this receipt                    | 429 TOO_MANY_CHANGES |
 * | changes under way in this process            | 503 OVERLOADED |
 * | the journal has the registration             | 503 CHANGE_UNCONFIRMED |
 * | what is stored (change-rules.ts)             | 409, 422 |
 * | the time again, because a body may take 5 s  | 409 LIST_FROZEN |
 * | the age of the request, for a machine that was suspended | 503 CHANGE_UNCONFIRMED |
 *
 * The journal is asked for the facts, because the database may be behind; what the database knows besides is added. A withdrawal
 * needs the registration alone, and any shard takes it.
 *
 * Changes are not counted as arrivals, and their durations teach the concurrency limit nothing: one shard without a leader makes
 * them slow, while registrations go to another shard.
 */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope, EventType, ReceivedData } from '../../contract/envelope.ts';
import { receivedDataOf } from '../../contract/envelope-schema.ts';
import type { FactedClaim } from '../../contract/winner.ts';
import type { ReceiptJournal } from '../../journal/publishing.ts';
import { project } from '../core/projection.ts';
import { citizenHashOf, fingerprintOf } from '../core/receipt.ts';
import { sealingAad } from '../core/sealing.ts';
import { shownState } from '../core/shown-state.ts';
import { type ChangeDecision, decideChange, factsOf, type ReceiptFacts, type WantedChange } from './change-rules.ts';
import { ApiError, fieldErrors } from './errors.ts';
import { ageSince, type GateDeps, overloaded, PUBLISHED_WITHIN_MS, pausedBy, soon } from './gate.ts';
import type { LoadGuard } from './load-guard.ts';
import { checkJsonHead, readJson } from './read-json.ts';
import {
  changesShown,
  editableUntil,
  provenReceipt,
  type ReceiptStateDeps,
  type ShownChanges,
} from './receipt-state.ts';
import { type RegisterDeps, sealPersonal } from './register.ts';
import { fieldsOf, type Personal, parseChange, type RequestedChange } from './registration-body.ts';
import { TokenBucket } from './token-bucket.ts';

export interface ChangeDeps extends RegisterDeps, ReceiptStateDeps, Omit<GateDeps, 'isOverloaded'> {
  readonly receiptJournal: ReceiptJournal;
  readonly guard: LoadGuard;
  readonly signal: AbortSignal;
}

export interface Changed extends ShownChanges {
  readonly receiptNo: string;
  readonly state: string;
  readonly channel: string;
}

export interface Changes {
  /** @throws ApiError */
  withdraw(sentReceiptNo: string, sentSecret: string): Promise<{ readonly receiptNo: string; readonly state: string }>;
  /** @throws ApiError */
  change(request: IncomingMessage, sentReceiptNo: string, sentSecret: string): Promise<Changed>;
}

/** Longer than an election: a person has to make room. */
const FULL_AGAIN_SECONDS = 5;
/** Each asks the journal up to 17 questions, eight at once (journal/receipt-journal.ts). */
const MOST_UNDER_WAY = 16;
const MOST_RECEIPTS = 4_096;
const PER_SECOND = 1;
/** A double click, or a change of mind, is not abuse. */
const BURST_SECONDS = 5;

const unconfirmed = (retryAfterSeconds: number): ApiError => new ApiError('CHANGE_UNCONFIRMED', { retryAfterSeconds });

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

/** As in the registration, but for the personal fields. */
const fingerprintWith = (personal: Personal, { channel, category, locale, policyVersion }: ReceivedData) =>
  fieldsOf({ ...personal, channel, category, locale, policyVersion });

export const createChanges = (deps: ChangeDeps): Changes => {
  const { campaignId, citizenKey, receiptJournal, journal, receipts } = deps;
  const mayAsk = createReceiptRate(deps.monotonicMs);
  let underWay = 0;
  const again = (): ApiError => unconfirmed(soon(deps.random()));

  const checkTime = (settings: LiveSettings): void => {
    const nowMs = deps.now();
    const until = editableUntil(settings);
    if (nowMs < Date.parse(until)) return;
    throw new ApiError('LIST_FROZEN', {
      members: { editableUntil: until, serverTime: new Date(nowMs).toISOString() },
    });
  };

  const admit = (sentReceiptNo: string, sentSecret: string) => {
    const ageMs = ageSince(deps);
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: soon(deps.random()) });
    const receiptNo = provenReceipt(deps, sentReceiptNo, sentSecret);
    checkTime(settings);
    if (settings.page !== undefined) throw pausedBy(settings.page, deps.random());
    if (deps.guard.isOverloaded()) throw overloaded(deps.random());
    /** Right before the journal is written to. */
    const checkAgain = (): void => {
      checkTime(settings);
      if (ageMs() > PUBLISHED_WITHIN_MS) throw again();
    };
    return { receiptNo, settings, checkAgain };
  };

  const bounded = async <T>(receiptNo: string, work: () => Promise<T>): Promise<T> => {
    if (!mayAsk(receiptNo)) throw new ApiError('TOO_MANY_CHANGES', { retryAfterSeconds: 1 });
    if (underWay >= MOST_UNDER_WAY) throw overloaded(deps.random());
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
    }
  };

  const registrationOf = async (receiptNo: string): Promise<EventEnvelope> => {
    const found = await receiptJournal.findRegistration(receiptNo);
    if (found === undefined) throw again();
    return found;
  };

  const factOf = (
    { kind, receipt, citizenHash }: EventEnvelope,
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
  });

  const wantedOf = (requested: RequestedChange, registration: EventEnvelope): WantedChange => {
    if (requested.kind === 'channel') return requested;
    const { personal } = requested;
    const registered = receivedDataOf(registration);
    const at = registered.uniqueness === 'perCitizenAndChannel' ? registered.channel : undefined;
    const citizenHash = citizenHashOf(citizenKey, campaignId, registration.kind, personal.idNumber, at);
    if (citizenHash !== registration.citizenHash) {
      throw fieldErrors([{ field: 'idNumber', code: 'ID_NOT_CORRECTABLE' }]);
    }
    const fields = fingerprintWith(personal, registered);
    return { kind: 'correction', fingerprint: fingerprintOf(citizenKey, campaignId, registration.receipt, fields) };
  };

  const dataOf = (requested: RequestedChange, wanted: WantedChange, receipt: string): Record<string, string> => {
    if (requested.kind === 'channel') return { channel: requested.channel };
    const personal = Buffer.from(JSON.stringify(requested.personal), 'utf8');
    const { keyId, sealed } = sealPersonal(
      deps.sealer,
      personal,
      sealingAad(campaignId, receipt),
      'CHANGE_UNCONFIRMED',
    );
    return { keyId, sealed, ...(wanted.kind === 'correction' ? { fingerprint: wanted.fingerprint } : {}) };
  };

  interface Looked extends ReceiptFacts {
    readonly acceptedAt: string;
    /** As far as the database knows them. */
    readonly others: readonly FactedClaim[];
  }

  const look = async (registration: EventEnvelope): Promise<Looked> => {
    const [stored, row] = await Promise.all([
      receiptJournal.findFacts(registration),
      receipts.find(registration.receipt, deps.signal),
    ]);
    if (stored === undefined) throw again();
    return row.kind === 'found'
      ? { registration, stored, recorded: row.facts, acceptedAt: row.receivedAt, others: row.others }
      : { registration, stored, recorded: [], acceptedAt: registration.at, others: [] };
  };

  type Append = Extract<ChangeDecision, { kind: 'append' }>;

  /** Whether it was an earlier try of this change that is stored. @throws ApiError CHANGED_MEANWHILE: it was another one */
  const afterOvertaken = async (
    wanted: WantedChange,
    registration: EventEnvelope,
    { type, attempt }: Append,
  ): Promise<Looked> => {
    const fresh = await look(registration);
    const last = fresh.stored.find(({ event }) => event.type === type);
    // A new leader may not have applied yet what the one before refused by.
    if (last === undefined || (last.event.attempt ?? 1) < attempt) throw again();
    if (decideChange(wanted, fresh).kind !== 'done') throw new ApiError('CHANGED_MEANWHILE');
    return fresh;
  };

  /** @returns what is stored afterwards */
  const apply = async (requested: RequestedChange, checkAgain: () => void, receiptNo: string): Promise<Looked> => {
    const registration = await registrationOf(receiptNo);
    const wanted = wantedOf(requested, registration);
    const receipt = await look(registration);
    const decision = decideChange(wanted, receipt);
    switch (decision.kind) {
      case 'refused':
        throw new ApiError(decision.code);
      case 'done':
        return receipt;
      case 'append': {
        const { type, attempt, after } = decision;
        const event = factOf(registration, type, attempt, dataOf(requested, wanted, receiptNo));
        checkAgain();
        const outcome = await receiptJournal.append(event, after);
        if (outcome.kind === 'unavailable') throw outcome.reason === 'full' ? unconfirmed(FULL_AGAIN_SECONDS) : again();
        if (outcome.kind === 'overtaken') return afterOvertaken(wanted, registration, decision);
        const stored = [...receipt.stored.filter((one) => one.event.type !== type), { event, sequence: 0 }];
        return { ...receipt, stored };
      }
    }
  };

  return {
    async withdraw(sentReceiptNo, sentSecret) {
      const { receiptNo, checkAgain } = admit(sentReceiptNo, sentSecret);
      return bounded(receiptNo, async () => {
        const registration = await registrationOf(receiptNo);
        checkAgain();
        const outcome = await journal.publish(factOf(registration, 'withdrawn', 1, {}));
        if (outcome.kind === 'unavailable') throw unconfirmed(Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)));
        return { receiptNo, state: 'withdrawn' };
      });
    },

    async change(request, sentReceiptNo, sentSecret) {
      const { receiptNo, settings, checkAgain } = admit(sentReceiptNo, sentSecret);
      checkJsonHead(request);
      const requested = parseChange(await readJson(request), deps.now());
      return bounded(receiptNo, async () => {
        const changed = await apply(requested, checkAgain, receiptNo);
        const facts = factsOf(changed);
        const state = shownState({ acceptedAt: changed.acceptedAt, receipt: receiptNo }, facts, changed.others);
        const { channel } = project(facts);
        const registered = receivedDataOf(changed.registration);
        return { receiptNo, state, channel: channel ?? registered.channel, ...changesShown(facts, settings) };
      });
    },
  };
};

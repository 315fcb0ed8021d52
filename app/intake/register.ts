/** POST /api/v1/registrations: from a request with its body to a receipt that is durable. */

import type { EventEnvelope, ReceivedData } from '../../contract/envelope.ts';
import type { Uniqueness } from '../../contract/uniqueness.ts';
import type { PublishOutcome, RegistrationJournal, StoredPosition } from '../../journal/publishing.ts';
import { citizenHashOf, deriveReceipt, fingerprintOf, type Receipt } from '../core/receipt.ts';
import { SealingPausedError, sealingAad } from '../core/sealing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError, type ErrorCode } from '../http/errors.ts';
import type { SpanFacts } from '../tracing/spans.ts';
import { type Knock, PUBLISHED_WITHIN_MS } from './gate.ts';
import type { Sealer } from './ports.ts';
import { fieldsOf, parseRegistration, type Registration } from './registration-body.ts';

export interface RegisterDeps {
  readonly campaignId: string;
  readonly site: string;
  readonly citizenKey: SecretKey;
  readonly journal: RegistrationJournal;
  readonly sealer: Sealer;
}

/** What a request asks for, and its receipt. */
export interface Claim {
  readonly registration: Registration;
  readonly citizenHash: string;
  /** Rule by which citizenHash was made. */
  readonly uniqueness: Uniqueness;
  readonly receipt: Receipt;
  /** Of the normalised body. */
  readonly fingerprint: string;
}

export interface Registered extends Receipt {
  /** As it is stored. */
  readonly receivedAt: string;
  /** The journal already had it: a repeat of the same request. */
  readonly repeated: boolean;
  /** Of a request with an account: whether it is bound. False: log in again, and bind it with receipt and secret. */
  readonly isAccountBound?: boolean;
}

const UNAVAILABLE: Readonly<Record<Extract<PublishOutcome, { kind: 'unavailable' }>['reason'], ErrorCode>> = {
  timeout: 'JOURNAL_UNAVAILABLE',
  all_shards_silent: 'JOURNAL_UNAVAILABLE',
  disconnected: 'JOURNAL_UNAVAILABLE',
  journal_full: 'JOURNAL_FULL',
  busy: 'JOURNAL_BUSY',
};

const KEYS_AGAIN_SECONDS = 10;

/** A registration that could never be opened must not be accepted. */
export const sealPersonal = (
  sealer: Sealer,
  personal: Uint8Array,
  aad: string,
  code: ErrorCode = 'JOURNAL_UNAVAILABLE',
): ReturnType<Sealer['seal']> => {
  try {
    return sealer.seal(personal, aad);
  } catch (error) {
    if (!(error instanceof SealingPausedError)) throw error;
    throw new ApiError(code, { retryAfterSeconds: KEYS_AGAIN_SECONDS });
  }
};

/** @throws ApiError for bad input */
export const claimOf = (
  { campaignId, citizenKey }: Pick<RegisterDeps, 'campaignId' | 'citizenKey'>,
  { kind, settings, arrivedAtMs, idempotencyKey }: Knock,
  body: unknown,
): Claim => {
  const registration = parseRegistration(body, settings, arrivedAtMs);
  const { idNumber, channel } = registration;
  const { uniqueness } = settings.eligibility;
  const at = uniqueness === 'perCitizenAndChannel' ? channel : undefined;
  const citizenHash = citizenHashOf(citizenKey, campaignId, kind, idNumber, at);
  const receipt = deriveReceipt(citizenKey, campaignId, citizenHash, idempotencyKey);
  const fingerprint = fingerprintOf(citizenKey, campaignId, receipt.receiptNo, fieldsOf(registration));
  return { registration, citizenHash, uniqueness, receipt, fingerprint };
};

const publishedAs = (outcome: PublishOutcome): readonly [string, SpanFacts] => {
  if (outcome.kind === 'unavailable') return [outcome.reason, {}];
  const { shard, duplicate, attempts } = outcome;
  return ['acknowledged', { shard, duplicate, attempts }];
};

/**
 * `held`: the journal already has a registration under this receipt, with this body or another one.
 * @throws ApiError for a journal that did not acknowledge
 */
export const publishClaim = async (
  { campaignId, site, sealer, journal }: RegisterDeps,
  { kind, arrivedAtMs, isClockAgreed, ageMs, span }: Knock,
  { registration, citizenHash, uniqueness, receipt, fingerprint }: Claim,
): Promise<{ readonly kind: 'stored'; readonly at: string } | ({ readonly kind: 'held' } & StoredPosition)> => {
  const { name, idType, idNumber, phone, identity, channel, category, locale, policyVersion } = registration;
  // Verification checks the assertion once more, and then asks no provider.
  const personal = Buffer.from(JSON.stringify({ name, idType, idNumber, phone, identity }), 'utf8');
  const { keyId, sealed } = sealPersonal(sealer, personal, sealingAad(campaignId, receipt.receiptNo));
  const at = new Date(arrivedAtMs).toISOString();
  const data: ReceivedData = { sealed, channel, category, locale, policyVersion, fingerprint, uniqueness };
  const event: EventEnvelope = {
    v: 1,
    id: receipt.receiptNo,
    type: 'received',
    kind,
    campaignId,
    receipt: receipt.receiptNo,
    citizenHash,
    at,
    ...(isClockAgreed ? { clock: 'agreed' } : {}),
    site,
    keyId,
    data: { ...data },
  };
  // A machine that was suspended must not publish after closing what arrived before: the list may be frozen.
  if (ageMs() > PUBLISHED_WITHIN_MS) throw new ApiError('JOURNAL_UNAVAILABLE', { retryAfterSeconds: 1 });
  const publishing = span?.child('journal.publish');
  const outcome = await journal.publish(event, publishing?.traceparent);
  publishing?.end(...publishedAs(outcome));
  if (outcome.kind === 'acknowledged') {
    const { shard, sequence, duplicate } = outcome;
    return duplicate ? { kind: 'held', shard, sequence } : { kind: 'stored', at };
  }
  throw new ApiError(UNAVAILABLE[outcome.reason], {
    retryAfterSeconds: Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)),
  });
};

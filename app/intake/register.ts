/** POST /api/v1/registrations: from an admitted request to a receipt that is durable. */

import type { EventEnvelope, ReceivedData } from '../core/envelope.ts';
import { citizenHashOf, deriveReceipt, type Receipt } from '../core/receipt.ts';
import { sealingAad } from '../core/sealing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError, type ErrorCode } from './errors.ts';
import type { Admitted } from './gate.ts';
import type { PublishOutcome, RegistrationJournal, Sealer } from './ports.ts';
import { parseRegistration } from './registration-body.ts';

export interface RegisterDeps {
  readonly campaignId: string;
  readonly site: string;
  readonly citizenKey: SecretKey;
  readonly journal: RegistrationJournal;
  readonly sealer: Sealer;
  /** Whether the time of arrival is what most clocks said. */
  readonly isClockAgreed: () => boolean;
}

export interface Registered extends Receipt {
  readonly receivedAt: string;
  /** The journal had it already: a repeat of the same request. */
  readonly repeated: boolean;
}

const UNAVAILABLE: Readonly<Record<Extract<PublishOutcome, { kind: 'unavailable' }>['reason'], ErrorCode>> = {
  timeout: 'JOURNAL_UNAVAILABLE',
  all_shards_silent: 'JOURNAL_UNAVAILABLE',
  disconnected: 'JOURNAL_UNAVAILABLE',
  journal_full: 'JOURNAL_FULL',
  busy: 'JOURNAL_BUSY',
};

/** @throws ApiError for bad input and for a journal that did not acknowledge */
export const register = async (deps: RegisterDeps, admitted: Admitted, body: unknown): Promise<Registered> => {
  const { campaignId, site } = deps;
  const { kind, arrivedAtMs, idempotencyKey } = admitted;
  const registration = parseRegistration(body, admitted.settings, arrivedAtMs);
  const { name, idType, idNumber, phone, channel, category, locale, policyVersion } = registration;

  const citizenHash = citizenHashOf(deps.citizenKey, campaignId, kind, idType, idNumber);
  const receipt = deriveReceipt(deps.citizenKey, campaignId, citizenHash, idempotencyKey);
  const personal = Buffer.from(JSON.stringify({ name, idType, idNumber, phone }), 'utf8');
  const { keyId, sealed } = deps.sealer.seal(personal, sealingAad(campaignId, receipt.receiptNo));
  const receivedAt = new Date(arrivedAtMs).toISOString();
  const data: ReceivedData = { sealed, channel, category, locale, policyVersion };
  const event: EventEnvelope = {
    v: 1,
    id: receipt.receiptNo,
    type: 'received',
    kind,
    campaignId,
    receipt: receipt.receiptNo,
    citizenHash,
    at: receivedAt,
    ...(deps.isClockAgreed() ? { clock: 'agreed' } : {}),
    site,
    keyId,
    data: { ...data },
  };
  const outcome = await deps.journal.publish(event);
  if (outcome.kind === 'acknowledged') return { ...receipt, receivedAt, repeated: outcome.duplicate };
  throw new ApiError(UNAVAILABLE[outcome.reason], {
    retryAfterSeconds: Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)),
  });
};

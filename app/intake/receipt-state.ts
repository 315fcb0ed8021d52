/** GET /api/v1/registrations/{receiptNo}: what a receipt has come to, told only to whoever has its secret. */

import type { LiveSettings } from '../../operator/api/app-contract.ts';
import { normalReceipt } from '../core/normal-form.ts';
import { project } from '../core/projection.ts';
import { isReceiptNo, verifyReceiptSecret } from '../core/receipt.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError } from './errors.ts';
import type { LiveSettingsSource, ReceiptStore } from './ports.ts';

export interface ReceiptStateDeps {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  readonly receipts: ReceiptStore;
  readonly settings: LiveSettingsSource;
  readonly now: () => number;
}

export interface ReceiptState {
  readonly receiptNo: string;
  readonly state: string;
  /** Whether the database was asked and knew it. A receipt that proves itself is `received` without. */
  readonly confirmed: boolean;
  /** Not confirmed, and the database is behind: how long the oldest that it does not have has waited, and as of when. */
  readonly waiting?: LiveSettings['behind'];
  readonly receivedAt?: string;
  readonly channel?: string;
  readonly category?: string;
  readonly history?: readonly { readonly state: string; readonly at: string }[];
}

/** What the operator said is renewed every 10 s: what is older may be over, or worse, and nothing is told. */
const TOLD_FOR_MS = 60_000;

const waitingOf = (settings: LiveSettings | undefined, nowMs: number): Pick<ReceiptState, 'waiting'> => {
  const behind = settings?.behind;
  return behind === undefined || nowMs - Date.parse(behind.asOf) > TOLD_FOR_MS ? {} : { waiting: behind };
};

/** Room for dashes and spaces between groups. */
const MAX_SENT = 64;
/** As it was given out, however it is typed: a receipt is read out over the phone and copied by hand. */
const asGiven = (sent: string): string => (sent.length > MAX_SENT ? '' : normalReceipt(sent));

/**
 * | secret | database | answer |
 * |--------|----------|--------|
 * | wrong, absent, or no such number | not asked | 404, one and the same |
 * | right | found       | its state and history |
 * | right | superseded  | superseded, and nothing of the other receipt |
 * | right | absent yet, or away | received, not confirmed |
 * | right | not asked: a contingency level pauses registration | received, not confirmed |
 */
export const receiptState = async (
  deps: ReceiptStateDeps,
  sentReceiptNo: string,
  sentSecret: string,
  signal: AbortSignal,
): Promise<ReceiptState> => {
  const receiptNo = asGiven(sentReceiptNo);
  const secret = asGiven(sentSecret);
  const isTrue = isReceiptNo(receiptNo) && verifyReceiptSecret(deps.citizenKey, deps.campaignId, receiptNo, secret);
  if (!isTrue) throw new ApiError('RECEIPT_UNKNOWN');
  const settings = deps.settings.current();
  const unconfirmed: ReceiptState = {
    receiptNo,
    state: 'received',
    confirmed: false,
    ...waitingOf(settings, deps.now()),
  };
  if (settings?.page !== undefined) return unconfirmed;
  const found = await deps.receipts.find(receiptNo, signal);
  switch (found.kind) {
    case 'found': {
      const { state, history } = project(found.facts);
      const { receivedAt, channel, category } = found;
      return { receiptNo, state, confirmed: true, receivedAt, channel, category, history };
    }
    case 'superseded':
      return { receiptNo, state: 'superseded', confirmed: true, receivedAt: found.receivedAt };
    case 'absent':
    case 'unavailable':
      return unconfirmed;
  }
};

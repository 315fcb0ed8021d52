/** GET /api/v1/registrations/{receiptNo}: what a receipt has come to, told only to whoever has its secret. */

import { project } from '../core/projection.ts';
import { isReceiptNo, verifyReceiptSecret } from '../core/receipt.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError } from './errors.ts';
import type { ReceiptStore } from './ports.ts';

export interface ReceiptStateDeps {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  readonly receipts: ReceiptStore;
}

export interface ReceiptState {
  readonly receiptNo: string;
  readonly state: string;
  /** Whether the database was asked and knew it. A receipt that proves itself is `received` without. */
  readonly confirmed: boolean;
  readonly receivedAt?: string;
  readonly channel?: string;
  readonly category?: string;
  readonly history?: readonly { readonly state: string; readonly at: string }[];
}

/**
 * | secret | database | answer |
 * |--------|----------|--------|
 * | wrong, absent, or no such number | not asked | 404, one and the same |
 * | right | found       | its state and history |
 * | right | superseded  | superseded, and nothing of the other receipt |
 * | right | absent yet, or away | received, not confirmed |
 */
export const receiptState = async (
  deps: ReceiptStateDeps,
  receiptNo: string,
  secret: string,
  signal: AbortSignal,
): Promise<ReceiptState> => {
  const isTrue = isReceiptNo(receiptNo) && verifyReceiptSecret(deps.citizenKey, deps.campaignId, receiptNo, secret);
  if (!isTrue) throw new ApiError('RECEIPT_UNKNOWN');
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
      return { receiptNo, state: 'received', confirmed: false };
  }
};

/**
 * Receipts prove themselves. All values are HMACs with the campaign's citizen key. So any pod of any site derives the same receipt
 * for the same person and Idempotency-Key without a look-up, and can verify a receipt.
 *
 *   citizenHash   = HMAC(key, "citizen" ‖ campaignId ‖ kind ‖ "CN_ID" ‖ number [‖ channel])
 *   receiptNo     = HMAC(key, "receipt" ‖ campaignId ‖ citizenHash ‖ Idempotency-Key), 128 bits
 *   receiptSecret = HMAC(key, "secret"  ‖ campaignId ‖ receiptNo), 128 bits
 *   accountHash   = HMAC(key, "account" ‖ campaignId ‖ channel ‖ account)
 *   fingerprint   = HMAC(key, "body"    ‖ campaignId ‖ receiptNo ‖ normalised body), 128 bits: distinguishes a repeat from
 *                   another body with the same key; it contains the receipt, so equal bodies of two people differ
 *
 * The hash contains the space of the number, not the kind of document: two documents with one number are of one person. It contains
 * the channel where a person may have one registration at each. Receipt, shard, row and Nats-Msg-Id all derive from citizenHash, so
 * they identify people in the same way.
 *
 * The secret depends on the receipt number alone, because a status request contains neither citizen nor key. Fields are joined by
 * NUL, which none of them can contain, so different inputs give different messages.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Channel, EventKind } from '../../contract/envelope.ts';
import { encodeCrockford } from './crockford.ts';
import type { SecretKey } from './secret-key.ts';

export interface Receipt {
  /** 26 characters of Crockford base32. */
  readonly receiptNo: string;
  /** 26 characters; shown to the citizen once, never stored. */
  readonly receiptSecret: string;
}

const RECEIPT_NO = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const RECEIPT_BYTES = 16;

const mac = (key: SecretKey, ...fields: readonly string[]): Buffer =>
  createHmac('sha256', key).update(fields.join('\0'), 'utf8').digest();

/**
 * The space of every document with an 18-digit number of GB 11643. Its name is that of the identity card, which earlier builds used, so
 * that their hashes stay valid.
 */
const RESIDENT_NUMBER = 'CN_ID';

/**
 * 64 hex characters. They contain `kind`, so that a canary can never replace a citizen.
 * @param residentNumber in normal form @param channel where the person may have one registration at each
 */
export const citizenHashOf = (
  citizenKey: SecretKey,
  campaignId: string,
  kind: EventKind,
  residentNumber: string,
  channel?: Channel,
): string => {
  const at = channel === undefined ? [] : [channel];
  return mac(citizenKey, 'citizen', campaignId, kind, RESIDENT_NUMBER, residentNumber, ...at).toString('hex');
};

/** 64 hex characters. Contains the channel: openids of two apps may be equal. */
export const accountHashOf = (citizenKey: SecretKey, campaignId: string, channel: Channel, account: string): string =>
  mac(citizenKey, 'account', campaignId, channel, account).toString('hex');

const secretOf = (citizenKey: SecretKey, campaignId: string, receiptNo: string): string =>
  encodeCrockford(mac(citizenKey, 'secret', campaignId, receiptNo).subarray(0, RECEIPT_BYTES));

export const deriveReceipt = (
  citizenKey: SecretKey,
  campaignId: string,
  citizenHash: string,
  idempotencyKey: string,
): Receipt => {
  const digest = mac(citizenKey, 'receipt', campaignId, citizenHash, idempotencyKey);
  const receiptNo = encodeCrockford(digest.subarray(0, RECEIPT_BYTES));
  return { receiptNo, receiptSecret: secretOf(citizenKey, campaignId, receiptNo) };
};

/** Identifies what was registered under this receipt, 26 characters. @param fields of the normalised body, in a fixed order */
export const fingerprintOf = (
  citizenKey: SecretKey,
  campaignId: string,
  receiptNo: string,
  fields: readonly string[],
): string =>
  encodeCrockford(
    // As JSON, because a field may contain any character, and different lists must give different texts.
    mac(citizenKey, 'body', campaignId, receiptNo, JSON.stringify(fields)).subarray(0, RECEIPT_BYTES),
  );

/** True for text of a receipt number's form, valid or not. */
export const isReceiptNo = (text: string): boolean => RECEIPT_NO.test(text);

/** Whether `secret` belongs to `receiptNo`; takes the same time for every wrong secret of the right length. */
export const verifyReceiptSecret = (
  citizenKey: SecretKey,
  campaignId: string,
  receiptNo: string,
  secret: string,
): boolean => {
  const expected = Buffer.from(secretOf(citizenKey, campaignId, receiptNo));
  const given = Buffer.from(secret);
  return given.length === expected.length && timingSafeEqual(given, expected);
};

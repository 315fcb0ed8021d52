/**
 * Receipts prove themselves. Everything is an HMAC of the campaign's citizen key, so any pod of any site gives the
 * same receipt for the same person and Idempotency-Key without a look-up, and can tell a true receipt from a guess.
 *
 *   citizenHash   = HMAC(key, "citizen" ‖ campaignId ‖ kind ‖ "CN_ID" ‖ number [‖ channel])
 *   receiptNo     = HMAC(key, "receipt" ‖ campaignId ‖ citizenHash ‖ Idempotency-Key), 128 bits
 *   receiptSecret = HMAC(key, "secret"  ‖ campaignId ‖ receiptNo), 128 bits
 *   fingerprint   = HMAC(key, "body"    ‖ campaignId ‖ receiptNo ‖ normalised body), 128 bits: tells a repeat from another
 *                   body under the same key; with the receipt in it, equal bodies of two receipts can't be told
 *
 * The number's space and not the document's kind: two documents that carry one number are of one person. The channel is there
 * where a person may have one registration at each. Receipt, shard, row and Nats-Msg-Id all follow from citizenHash, so they
 * count people alike.
 *
 * The secret hangs on the number alone: a status request carries neither citizen nor key. Fields are joined by NUL,
 * which none of them can contain, so no two inputs give the same message.
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
 * The space of every document with an 18-digit number of GB 11643. It has the name of its first document, by which builds told people apart
 * before there were spaces: so their registrations are of the same people.
 */
const RESIDENT_NUMBER = 'CN_ID';

/**
 * 64 hex characters. `kind` is part of it: a canary can never take a citizen's place.
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

/** What was registered under this receipt, 26 characters. @param fields of the normalised body, in one order */
export const fingerprintOf = (
  citizenKey: SecretKey,
  campaignId: string,
  receiptNo: string,
  fields: readonly string[],
): string =>
  encodeCrockford(
    // As JSON: a field may hold any character, and two lists of fields never give one text.
    mac(citizenKey, 'body', campaignId, receiptNo, JSON.stringify(fields)).subarray(0, RECEIPT_BYTES),
  );

/** True for text of a receipt number's shape; says nothing of its truth. */
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

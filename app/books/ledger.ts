/**
 * What the journal says of every winner, in columns: 53 bytes a receipt, 22 a request, 20 a voucher, and 4 to 8 of
 * each for its index. Facts may be
 * repeated and arrive in any order, so they are judged in a second reading, when all of them are known. Pure but for its memory.
 *
 * Room for as many rows as there are messages is reserved at once; the system gives zeroed pages only when a row is written.
 */
import { CHANNELS, type Channel, type EventEnvelope } from '../../contract/envelope.ts';
import type { MismatchKind } from '../../contract/outside/reconcile.ts';
import { createKeyIndex } from '../core/key-index.ts';
import { RECEIPT_WORDS, readReceipt } from '../draw/receipt-words.ts';
import { DIGEST_WORDS, sameDigest, writeDigest } from './digest.ts';

/** Bits of a receipt. */
export const HAS = {
  won: 1,
  promoted: 2,
  bound: 4,
  erased: 8,
  issued: 16,
  redeemed: 32,
  expired: 64,
  /** Of a winner: replaced by the next of the waitlist. */
  lost: 128,
} as const;
type FlagFact = keyof typeof HAS;
/** Attempts have a bit each in a byte; issuance makes four at most. */
const MOST_ATTEMPTS = 8;

const isFlag = (type: string): type is FlagFact => type in HAS;
const bitOf = (attempt: number): number => 1 << (attempt - 1);
/** Highest attempt in a byte of bits; 0: none. */
export const highestOf = (bits: number): number => 32 - Math.clz32(bits);

export interface OfReceipt {
  readonly voucher: string;
  /** Of HAS. */
  readonly flags: number;
  /** Bits of attempts. */
  readonly asked: number;
  readonly failed: number;
}

/** What the journal expects of the channel's answer for one request. */
export type Expected =
  /** It was issued by this request, with this voucher. */
  | { readonly kind: 'issued'; readonly isCoupon: (coupon: string) => boolean }
  /** It failed for good. `isCoupon`: of the voucher that a later request has issued. */
  | { readonly kind: 'failed'; readonly isCoupon: (coupon: string) => boolean }
  /** Its outcome is not known. */
  | { readonly kind: 'open' };

export const createLedger = (mostMessages: number) => {
  const receipts = new Uint32Array((mostMessages + 1) * RECEIPT_WORDS);
  const vouchersOf = new Uint16Array(mostMessages);
  const flags = new Uint8Array(mostMessages);
  const asked = new Uint8Array(mostMessages);
  const failed = new Uint8Array(mostMessages);
  const issuedRequest = new Uint32Array(mostMessages * DIGEST_WORDS);
  const issuedCoupon = new Uint32Array(mostMessages * DIGEST_WORDS);
  const requests = new Uint32Array((mostMessages + 1) * DIGEST_WORDS);
  const requestRow = new Uint32Array(mostMessages);
  const requestAttempt = new Uint8Array(mostMessages);
  /** 1: the attempt had another number before. */
  const isSecond = new Uint8Array(mostMessages);
  const byReceipt = createKeyIndex(() => receipts, RECEIPT_WORDS);
  const byRequest = createKeyIndex(() => requests, DIGEST_WORDS);
  /** Of each channel's vouchers. */
  const coupons = new Uint32Array((mostMessages + 1) * DIGEST_WORDS);
  const couponRow = new Uint32Array(mostMessages);
  const byCoupon = createKeyIndex(() => coupons, DIGEST_WORDS);
  let receiptCount = 0;
  let requestCount = 0;
  let couponCount = 0;
  const names: string[] = [''];
  const numbers = new Map<string, number>([['', 0]]);
  const word = new Uint32Array(Math.max(RECEIPT_WORDS, DIGEST_WORDS));

  const numberOf = (voucher: unknown): number => {
    const name = typeof voucher === 'string' ? voucher : '';
    const known = numbers.get(name);
    if (known !== undefined) return known;
    if (names.length > 65_535) throw new RangeError('more than 65,535 vouchers');
    names.push(name);
    numbers.set(name, names.length - 1);
    return names.length - 1;
  };

  const rowOf = (receipt: string, isNew: boolean): number | undefined => {
    if (!readReceipt(receipt, word)) return undefined;
    if (!isNew) return byReceipt.get(word, 0);
    receipts.set(word.subarray(0, RECEIPT_WORDS), receiptCount * RECEIPT_WORDS);
    const known = byReceipt.find(receipts, receiptCount * RECEIPT_WORDS, receiptCount);
    if (known !== undefined) return known;
    receiptCount += 1;
    return receiptCount - 1;
  };

  const requestOf = (request: string): number | undefined => {
    writeDigest(request, word, 0);
    return byRequest.get(word, 0);
  };

  const addRequest = (row: number, attempt: number, request: string): void => {
    writeDigest(request, requests, requestCount * DIGEST_WORDS);
    if (byRequest.find(requests, requestCount * DIGEST_WORDS, requestCount) !== undefined) return;
    requestRow[requestCount] = row;
    requestAttempt[requestCount] = attempt;
    isSecond[requestCount] = ((asked[row] ?? 0) & bitOf(attempt)) === 0 ? 0 : 1;
    requestCount += 1;
  };

  const couponKey = (channel: unknown, coupon: unknown): string => `${String(channel)} ${String(coupon)}`;
  const addIssued = (row: number, { data }: EventEnvelope): void => {
    if (((flags[row] ?? 0) & HAS.issued) === 0) {
      writeDigest(String(data['request']), issuedRequest, row * DIGEST_WORDS);
      writeDigest(String(data['coupon']), issuedCoupon, row * DIGEST_WORDS);
    }
    writeDigest(couponKey(data['channel'], data['coupon']), coupons, couponCount * DIGEST_WORDS);
    if (byCoupon.find(coupons, couponCount * DIGEST_WORDS, couponCount) !== undefined) return;
    couponRow[couponCount] = row;
    couponCount += 1;
  };

  const attemptOf = ({ attempt = 1 }: EventEnvelope): number | undefined =>
    attempt >= 1 && attempt <= MOST_ATTEMPTS ? attempt : undefined;

  const isOwn = (row: number, { data }: EventEnvelope): boolean => {
    const known = requestOf(String(data['request']));
    return known !== undefined && requestRow[known] === row;
  };

  return {
    /** First reading. */
    add(event: EventEnvelope): void {
      const { type, kind, receipt, data } = event;
      const attempt = attemptOf(event);
      if (kind !== 'citizen' || (!isFlag(type) && type !== 'issuing' && type !== 'issue_failed')) return;
      const row = rowOf(receipt, true);
      if (row === undefined) return;
      if (type === 'issued') addIssued(row, event);
      if (isFlag(type)) flags[row] = (flags[row] ?? 0) | HAS[type];
      if (type === 'won' || type === 'promoted') vouchersOf[row] = numberOf(data['voucher']);
      if (attempt === undefined) return;
      if (type === 'issuing') {
        addRequest(row, attempt, String(data['request']));
        asked[row] = (asked[row] ?? 0) | bitOf(attempt);
      } else if (type === 'issue_failed') failed[row] = (failed[row] ?? 0) | bitOf(attempt);
    },

    /** Second reading: what is wrong with a fact. */
    judge(event: EventEnvelope): readonly MismatchKind[] {
      const { type, kind, receipt, data, attempt = 1 } = event;
      if (kind !== 'citizen' || (type !== 'issuing' && type !== 'issue_failed' && type !== 'issued')) return [];
      const row = rowOf(receipt, false);
      if (row === undefined) return [];
      const found: MismatchKind[] = [];
      const wins = (flags[row] ?? 0) & (HAS.won | HAS.promoted);
      if (wins === 0) found.push('withoutWin');
      if (type === 'issuing') {
        if (attempt > 1 && ((failed[row] ?? 0) & bitOf(attempt - 1)) === 0) found.push('withoutFailure');
        const known = requestOf(String(data['request']));
        if (known !== undefined && (requestRow[known] !== row || requestAttempt[known] !== attempt))
          found.push('requestTwice');
        else if (known !== undefined && isSecond[known] === 1) found.push('attemptTwice');
        return found;
      }
      if (!isOwn(row, event)) found.push('withoutRequest');
      if (type === 'issued') {
        writeDigest(String(data['request']), word, 0);
        const isRequest = sameDigest(word, 0, issuedRequest, row * DIGEST_WORDS);
        writeDigest(String(data['coupon']), word, 0);
        if (!isRequest || !sameDigest(word, 0, issuedCoupon, row * DIGEST_WORDS)) found.push('issuedTwice');
        writeDigest(couponKey(data['channel'], data['coupon']), word, 0);
        const owner = byCoupon.get(word, 0);
        if (owner !== undefined && couponRow[owner] !== row) found.push('couponTwice');
      }
      return found;
    },

    /** What is expected of the channel for an `issuing` fact. */
    expected(event: EventEnvelope): Expected {
      const { receipt, data, attempt = 1 } = event;
      const row = rowOf(receipt, false);
      if (row === undefined) return { kind: 'open' };
      const isCoupon = (coupon: string): boolean => {
        writeDigest(coupon, word, 0);
        return ((flags[row] ?? 0) & HAS.issued) !== 0 && sameDigest(word, 0, issuedCoupon, row * DIGEST_WORDS);
      };
      writeDigest(String(data['request']), word, 0);
      const isIssued = ((flags[row] ?? 0) & HAS.issued) !== 0 && sameDigest(word, 0, issuedRequest, row * DIGEST_WORDS);
      if (isIssued) return { kind: 'issued', isCoupon };
      return ((failed[row] ?? 0) & bitOf(attempt)) === 0 ? { kind: 'open' } : { kind: 'failed', isCoupon };
    },

    /** Whether nothing may be asked about it any more. */
    isErased({ receipt }: EventEnvelope): boolean {
      const row = rowOf(receipt, false);
      return row !== undefined && ((flags[row] ?? 0) & HAS.erased) !== 0;
    },

    /** @returns what says of each fact of a known receipt whether it is the first copy */
    firstTime(): (event: EventEnvelope) => boolean {
      const seen = {
        flags: new Uint8Array(receiptCount),
        asked: new Uint8Array(receiptCount),
        failed: new Uint8Array(receiptCount),
      };
      return (event) => {
        const { type, receipt } = event;
        const row = rowOf(receipt, false);
        const attempt = attemptOf(event);
        const [column, bit] = isFlag(type)
          ? [seen.flags, HAS[type]]
          : [type === 'issuing' ? seen.asked : seen.failed, attempt === undefined ? 0 : bitOf(attempt)];
        if (row === undefined || bit === 0 || ((column[row] ?? 0) & bit) !== 0) return false;
        column[row] = (column[row] ?? 0) | bit;
        return true;
      };
    },

    /** Number of the request in the order of the first reading; undefined: it is not known. */
    requestIndex: requestOf,
    requestCount: (): number => requestCount,
    *receipts(): Iterable<OfReceipt> {
      for (let row = 0; row < receiptCount; row += 1) {
        yield {
          voucher: names[vouchersOf[row] ?? 0] ?? '',
          flags: flags[row] ?? 0,
          asked: asked[row] ?? 0,
          failed: failed[row] ?? 0,
        };
      }
    },
  };
};
export type Ledger = ReturnType<typeof createLedger>;

export const isChannel = (word: unknown): word is Channel => CHANNELS.some((one) => one === word);

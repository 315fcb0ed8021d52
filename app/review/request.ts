/** What a reviewer sends, read strictly. Pure. */
import { z } from 'zod';
import { REASON_MAX, REVIEW_ACTIONS, type ReviewAction } from '../../contract/review.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { normalReceipt } from '../core/normal-form.ts';
import { isReceiptNo } from '../core/receipt.ts';
import { ReviewError } from './refusal.ts';

/** Room for dashes and spaces between groups. */
const MOST_RECEIPT = 64;

const listBody = z.object({ after: z.string().max(64).exactOptional() });
const receipt = z.string().max(MOST_RECEIPT);
const showBody = z.object({ receipt });
const decideBody = z.object({ receipt, reason: z.string() });

export const isAction = (action: string): action is ReviewAction => REVIEW_ACTIONS.some((one) => one === action);

const parsed = <T>(schema: z.ZodType<T>, body: string, fields: string): T => {
  const value = parseUntrusted(schema, body);
  if (value === undefined) throw new ReviewError('BAD_REQUEST', `the body must be JSON with ${fields}`);
  return value;
};

const receiptIn = (sent: string): string => {
  const receiptNo = normalReceipt(sent);
  if (isReceiptNo(receiptNo)) return receiptNo;
  throw new ReviewError(
    'BAD_REQUEST',
    'receipt: this is no receipt number: copy it from the list, 26 letters and digits',
  );
};

const reasonIn = (sent: string): string => {
  const reason = sent.trim();
  const { length } = [...reason];
  if (length >= 1 && length <= REASON_MAX && !/\p{Cc}/u.test(reason)) return reason;
  throw new ReviewError('BAD_REQUEST', `reason: write 1 to ${REASON_MAX} characters on one line`);
};

/** The end of the last page; undefined for the first one. @throws ReviewError BAD_REQUEST, as the others */
export const afterIn = (body: string): string | undefined => parsed(listBody, body, 'after, or without it').after;

export const shownIn = (body: string): string => receiptIn(parsed(showBody, body, 'receipt').receipt);

export const decidedIn = (body: string): { readonly receiptNo: string; readonly reason: string } => {
  const sent = parsed(decideBody, body, 'receipt and reason');
  return { receiptNo: receiptIn(sent.receipt), reason: reasonIn(sent.reason) };
};

/**
 * The number of a request at a channel, format `vi1`. Pure.
 *
 * It is derived, so that any pod, and a journal that lost a fact, makes the same one again: the channel gives one voucher for one
 * number, however often it is asked. SHA-256 over the words, each ended by a zero byte but for the last; the first 16 bytes in hex,
 * because channels permit 32 characters of [0-9A-Za-z], and some of them ignore case. Of ten million numbers two are equal with a
 * probability of 1.5 in 10²⁵.
 *
 * Fixed once issuance has started: a campaign with another rule would issue twice.
 */
import { createHash } from 'node:crypto';

export interface RequestOf {
  readonly campaignId: string;
  /** As the start of issuance says (contract/decisions/control.ts). */
  readonly merchant: string;
  readonly receipt: string;
  /** Attempt of the `issuing` fact, from 1. */
  readonly n: number;
}

export const requestNumber = ({ campaignId, merchant, receipt, n }: RequestOf): string =>
  createHash('sha256')
    .update(['voucher issuance vi1', campaignId, merchant, receipt, String(n)].join('\0'))
    .digest('hex')
    .slice(0, 32);

/**
 * What is counted of winners and of their vouchers: by records pods in the database, and by issuance pods at the channels. The operator
 * compares both (operator/books). Pure.
 */
import type { Channel } from '../envelope.ts';

/**
 * Label `fact` of METRICS.recordsFacts. Each counts receipts of citizens.
 * - `won`: won, or promoted
 * - `waiting`: won or promoted, and no request to a channel has begun
 * - `issuing`: a request has begun, and its outcome is not known
 * - `issued`: has the voucher, redeemed and expired ones among them
 * - `issue_failed`: the last request failed for good
 * - `failed_attempts`: requests that failed for good, also where a later one did not
 * - `expired`, `redeemed`: what became of issued ones
 * - `unexplained`: facts without the fact that must come before them: a request without a win, an outcome without a request
 *
 * `won`, `waiting` and `issue_failed` have no channel: a citizen may change it.
 * So won + unexplained = waiting + issuing + issued + issue_failed, by voucher.
 */
export const BOOK_FACTS = [
  'won',
  'waiting',
  'issuing',
  'issued',
  'issue_failed',
  'failed_attempts',
  'expired',
  'redeemed',
  'unexplained',
] as const;
export type BookFact = (typeof BOOK_FACTS)[number];

export interface FactTotal {
  readonly fact: BookFact;
  /** Empty: the fact does not say. */
  readonly voucher: string;
  readonly channel: Channel | '';
  readonly receipts: number;
}

/** What records pods have counted. */
export interface FactsReport {
  /** When the database was asked, by the pod's clock. */
  readonly atMs: number;
  readonly totals: readonly FactTotal[];
}

/** One stock as its channel shows it. */
export interface StockReading {
  readonly channel: Channel;
  readonly voucher: string;
  /** When the pod read it, by the pod's clock. */
  readonly atMs: number;
  /** Absent: the channel does not tell it. */
  readonly faceValueFen?: number;
  readonly minimumSpendFen?: number;
  readonly total?: number;
  readonly issued?: number;
  readonly isRunning?: boolean;
}

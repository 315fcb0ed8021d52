/**
 * One person, several receipts: the earliest acceptance stands, then the smaller receipt. It is a total order over
 * (acceptedAt, receipt), so every site that has seen the same receipts picks the same one, in whatever order they came.
 */

export interface Claim {
  /** `at` of the received event: RFC 3339, UTC, milliseconds, so that text order is time order. */
  readonly acceptedAt: string;
  readonly receipt: string;
}

/** Whether `a` stands against `b`. A claim doesn't beat itself. */
export const beats = (a: Claim, b: Claim): boolean =>
  a.acceptedAt === b.acceptedAt ? a.receipt < b.receipt : a.acceptedAt < b.acceptedAt;

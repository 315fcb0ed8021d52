/**
 * One person, several receipts: the one accepted earliest wins, then the smaller receipt. This is a total order over
 * (acceptedAt, receipt), so every site that has seen the same receipts picks the same one, in any order of arrival.
 */

export interface Claim {
  /** As `acceptedAt` judges it: RFC 3339, UTC, milliseconds, so that text order is time order. */
  readonly acceptedAt: string;
  readonly receipt: string;
}

/** Whether `a` wins against `b`. A claim does not beat itself. */
export const beats = (a: Claim, b: Claim): boolean =>
  a.acceptedAt === b.acceptedAt ? a.receipt < b.receipt : a.acceptedAt < b.acceptedAt;

/** From the arrival of the first byte to the store: head and body (5 s), publish (3 s), and the difference of clocks. */
const STORED_WITHIN_MS = 10_000;
/** Clocks that agree differ by this much at most (clocks.ts). */
const AHEAD_MS = 2_000;

/**
 * The acceptance time that counts: the intake's time, unless only the intake's own clock is known and it contradicts the
 * journal's. Otherwise a pod whose clock is ten minutes behind could displace confirmed registrations.
 *
 * | the intake's clock          | `at`, against the journal's stamp | accepted at |
 * |-----------------------------|-----------------------------------|-------------|
 * | agreed with others          | any: then the journal's is wrong  | `at`        |
 * | its own alone, or not said  | 10 s before to 2 s after          | `at`        |
 * | its own alone, or not said  | further away                      | the stamp   |
 *
 * Both are stored with the message, so every replay gives the same instant.
 *
 * @param storedAtMs whole milliseconds
 */
export const acceptedAt = (
  { at, clock }: { readonly at: string; readonly clock?: 'agreed' | undefined },
  storedAtMs: number,
): string => {
  const aheadMs = Date.parse(at) - storedAtMs;
  return clock === 'agreed' || (aheadMs >= -STORED_WITHIN_MS && aheadMs <= AHEAD_MS)
    ? at
    : new Date(storedAtMs).toISOString();
};

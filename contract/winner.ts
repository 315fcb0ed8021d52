/**
 * One person, several receipts: the earliest acceptance stands, then the smaller receipt. It is a total order over
 * (acceptedAt, receipt), so every site that has seen the same receipts picks the same one, in whatever order they came.
 */

export interface Claim {
  /** As `acceptedAt` judges it: RFC 3339, UTC, milliseconds, so that text order is time order. */
  readonly acceptedAt: string;
  readonly receipt: string;
}

/** Whether `a` stands against `b`. A claim doesn't beat itself. */
export const beats = (a: Claim, b: Claim): boolean =>
  a.acceptedAt === b.acceptedAt ? a.receipt < b.receipt : a.acceptedAt < b.acceptedAt;

/** From the arrival of the first byte to the store: a head and a body (5 s), a publish (3 s), and what clocks may differ. */
const STORED_WITHIN_MS = 10_000;
/** Clocks that agree differ by no more (clocks.ts). */
const AHEAD_MS = 2_000;

/**
 * When a registration was accepted, as it counts: what the intake says, unless it had only its own clock to go by and
 * that one is not believable beside the journal's. A pod ten minutes behind would else displace whoever is confirmed.
 *
 * | the intake's clock          | `at`, against the journal's stamp | accepted at |
 * |-----------------------------|-----------------------------------|-------------|
 * | agreed with others          | any: then the journal's is wrong  | `at`        |
 * | its own alone, or not said  | 10 s before to 2 s after          | `at`        |
 * | its own alone, or not said  | further away                      | the stamp   |
 *
 * Both are stored with the message, so every replay comes to the same instant.
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

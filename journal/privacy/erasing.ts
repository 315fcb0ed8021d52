/** What the operator asks of a campaign's journal to erase one person. */

export interface ErasureRequest {
  readonly campaignId: string;
  readonly shards: number;
  readonly site: string;
  readonly receipt: string;
  /** RFC 3339: of the facts that are appended. */
  readonly at: string;
}

export type ErasureOutcome =
  | {
      readonly kind: 'erased';
      /** All receipts of the person, the named one among them. */
      readonly receipts: readonly string[];
    }
  /** No shard has a registration with this receipt. */
  | { readonly kind: 'unknownReceipt' };

export interface ErasureJournal {
  /**
   * Appends the fact `erased` for the receipt, and for every other receipt of the same person that the journal has at this moment.
   * Facts that are stored are not appended again, so the same call again is safe.
   * @throws Error when one is unknown
   */
  erase(request: ErasureRequest, signal: AbortSignal): Promise<ErasureOutcome>;
}

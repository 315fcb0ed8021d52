import type { EventType } from '../../contract/envelope.ts';

/** One fact about a receipt, as stored by records; project() of app/core turns facts into a state. */
export interface ReceiptFact {
  readonly type: EventType;
  readonly at: string;
}

export type ReceiptLookup =
  | {
      readonly kind: 'found';
      readonly channel: string;
      readonly category: string;
      readonly receivedAt: string;
      readonly facts: readonly ReceiptFact[];
    }
  /** Another receipt of the same person stands; nothing about it is revealed. */
  | { readonly kind: 'superseded'; readonly receivedAt: string }
  | { readonly kind: 'absent' }
  /** The database can't be asked now. */
  | { readonly kind: 'unavailable' };

export interface ReceiptStore {
  find(receipt: string, signal: AbortSignal): Promise<ReceiptLookup>;
}

export interface Sealer {
  /**
   * Seals under today's data key (last known one while the key bucket is away). `aad` = campaignId|receipt.
   * @throws SealingPausedError while the bucket has lost it
   */
  seal(plaintext: Uint8Array, aad: string): { readonly keyId: string; readonly sealed: string };
}

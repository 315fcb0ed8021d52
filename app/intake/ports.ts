import type { Fact } from '../core/projection.ts';

export type ReceiptLookup =
  | {
      readonly kind: 'found';
      readonly channel: string;
      readonly category: string;
      readonly receivedAt: string;
      /** As stored by records, `received` among them. */
      readonly facts: readonly Fact[];
    }
  /** Another receipt of the same person is valid; nothing about it is revealed. */
  | { readonly kind: 'superseded'; readonly receivedAt: string }
  | { readonly kind: 'absent' }
  /** The database can't be asked now. */
  | { readonly kind: 'unavailable' };

export interface ReceiptStore {
  find(receipt: string, signal: AbortSignal): Promise<ReceiptLookup>;
}

export interface Sealer {
  /**
   * Seals with today's data key, or with the last known one while the key bucket is unavailable. `aad` = campaignId|receipt.
   * @throws SealingPausedError while the bucket has lost the key
   */
  seal(plaintext: Uint8Array, aad: string): { readonly keyId: string; readonly sealed: string };
}

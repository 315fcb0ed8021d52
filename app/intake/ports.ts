import type { FactedClaim } from '../../contract/winner.ts';
import type { Fact } from '../core/projection.ts';

export type ReceiptLookup =
  | {
      readonly kind: 'found';
      /** Of the registration; the database has it of a person's earliest receipt only. */
      readonly registered?: { readonly channel: string; readonly category: string };
      readonly receivedAt: string;
      /** As stored by records, `received` among them. */
      readonly facts: readonly Fact[];
      /** Other receipts of the same person, of those with the same facts one: nothing about them is revealed but that one counts. */
      readonly others: readonly FactedClaim[];
    }
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

/** What the operator asks of a campaign's journal to destroy its personal data. */
import type { Destroyed, Destroying } from '../../contract/control.ts';

/** What is stored about it. */
export interface DestructionDecided {
  readonly destroying?: Destroying;
  readonly destroyed?: Destroyed;
}

export interface DestructionJournal {
  /** @throws Error when they are unknown, ControlEntryError when one can't be read */
  decided(campaignId: string, signal: AbortSignal): Promise<DestructionDecided>;
  /** Names of all data keys that the campaign ever had, and whether the bucket is closed and empty. @throws Error when unknown */
  keys(
    campaignId: string,
    signal: AbortSignal,
  ): Promise<{ readonly names: readonly string[]; readonly areDestroyed: boolean }>;
  /** Appends the order unless there is one. @returns the one that counts. @throws Error when it is unknown; again is safe */
  order(order: Destroying, signal: AbortSignal): Promise<Destroying>;
  /** Destroys every copy of every data key. @throws Error when one step is unknown; again is safe */
  destroyKeys(campaignId: string, at: string, signal: AbortSignal): Promise<void>;
  /** As `order`, for the end. */
  complete(destroyed: Destroyed, signal: AbortSignal): Promise<Destroyed>;
}

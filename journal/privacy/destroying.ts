/** What the operator asks of a campaign's journal to destroy its personal data. */
import type { Destroyed, Destroying } from '../../contract/decisions/control.ts';

/** What is stored about it. */
export interface DestructionDecided {
  readonly destroying?: Destroying;
  readonly destroyed?: Destroyed;
}

export interface KeysSeen {
  /** Of all data keys that the campaign ever had. */
  readonly names: readonly string[];
  /** When the last one was destroyed: the bucket is closed and empty. Absent: it is not. */
  readonly destroyedAtMs?: number;
  /** The time of the journal's server: a wrong clock of the operator must destroy nothing. */
  readonly serverMs: number;
}

export interface DestructionJournal {
  /** @throws Error when they are unknown, ControlEntryError when one can't be read */
  decided(campaignId: string, signal: AbortSignal): Promise<DestructionDecided>;
  /** @throws Error when they are unknown */
  keys(campaignId: string, signal: AbortSignal): Promise<KeysSeen>;
  /** Appends the order unless there is one. @returns the one that counts. @throws Error when it is unknown; again is safe */
  order(order: Destroying, signal: AbortSignal): Promise<Destroying>;
  /** Destroys every copy of every data key. @throws Error when one step is unknown; again is safe */
  destroyKeys(campaignId: string, at: string, signal: AbortSignal): Promise<void>;
  /** As `order`, for the end. */
  complete(destroyed: Destroyed, signal: AbortSignal): Promise<Destroyed>;
}

/** One outside system as this pod may use it now: its share of the rate, its breaker, its quota. */
import type { OutsideBlock } from '../../contract/outside.ts';

/** What became of one request. */
export type Sent = 'answered' | 'retry' | 'quota' | 'refused';

export interface Lane {
  readonly name: string;
  /** Why it is not asked now; undefined: it can be. */
  blocked(): OutsideBlock | undefined;
  /**
   * Waits for its turn, evenly spaced within the pod's share.
   * @returns false when it was blocked meanwhile, and no request may be sent
   */
  turn(signal: AbortSignal): Promise<boolean>;
  /** What came of the request that the turn was for. */
  sent(outcome: Sent): void;
}

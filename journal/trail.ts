/** Audit trails: chains of lines that only grow. */
import type { ReviewEntry } from './review-entries.ts';

/** End of a trail: its last line, in the chain and in the stream. */
export interface AuditTail {
  readonly sequence: number;
  readonly n: number;
  readonly hash: string;
}

/** The trails of all campaigns, one chain of lines each; they outlive campaigns, plans and journals. */
export interface AuditLog {
  /** Every line as it is stored, oldest first; none for a campaign without a trail. @throws Error when the journal does not answer */
  read(campaignId: string, signal: AbortSignal): AsyncIterable<{ readonly text: string; readonly tail: AuditTail }>;
  /**
   * Stores one line directly after `tail`, or nothing: `moved` when the trail has grown.
   * @throws Error when it is unknown whether the line is stored
   */
  append(
    campaignId: string,
    entry: { readonly id: string },
    tail: AuditTail | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'appended'; readonly tail: AuditTail } | { readonly kind: 'moved' }>;
  /** Campaigns that have a trail. */
  campaignIds(signal: AbortSignal): Promise<readonly string[]>;
  /** Looks and decisions of reviewers, oldest first; none after the campaign's journal is deleted. @throws as read */
  reviews?(campaignId: string, signal: AbortSignal): Promise<readonly ReviewEntry[]>;
}

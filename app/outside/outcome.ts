/** What became of one request to an outside system. */
export const OUTCOMES = ['answered', 'retry', 'quota', 'refused'] as const;

/**
 * - `answered`: understood, whatever the answer means for the citizen
 * - `retry`: no answer, or none that is understood; the same request again later
 * - `quota`: no more requests today
 * - `refused`: every request of this campaign: credentials, signature, account
 */
export type Sent = (typeof OUTCOMES)[number];

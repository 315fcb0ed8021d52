/** What the verification tier asks of a provider. */

export interface IdentityQuestion {
  readonly name: string;
  readonly idType: string;
  readonly idNumber: string;
  /** Derived from receipt and attempt: the same for each repetition of one question. At most 32 characters of [0-9A-Za-z]. */
  readonly requestId: string;
}

/**
 * - `match`: verified
 * - `mismatch`: rejected; the citizen can correct it
 * - `no_record`: a person reviews it
 * - `retry`: this question again later: time-out, throttled, trouble at the source, an answer that is not understood. Never a verdict
 * - `quota`: no more questions today
 * - `refused`: every question of this campaign: credentials, signature, account, clock
 */
export type ProviderAnswer =
  | { readonly kind: 'match' | 'mismatch' | 'no_record'; readonly code: string }
  | { readonly kind: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'quota' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface IdentityProvider {
  readonly name: string;
  /** Never rejects, except with the signal's reason. Reasons and codes hold no personal data. */
  verify(question: IdentityQuestion, signal: AbortSignal): Promise<ProviderAnswer>;
}

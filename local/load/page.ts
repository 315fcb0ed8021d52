/**
 * What a citizen's page does with one Idempotency-Key until it has a receipt or a refusal, or gives up.
 *
 * | answer                        | page |
 * |-------------------------------|------|
 * | 201, 200 with a receipt       | done |
 * | 503 with a ticket             | waits in the waiting room (line.ts), same key |
 * | 503, 429                      | waits Retry-After plus up to half of it, same key |
 * | 403 NOT_OPEN                  | waits a second, same key |
 * | other 4xx                     | shows the reason, done |
 * | other 5xx, no answer, garbage | waits 0.5 s × attempt, up to twice that, same key; the outcome is unknown |
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PAGE_WAITS_MORE } from '../../contract/crowd/returns.ts';
import type { RandomSource } from './random.ts';

export type Answer =
  | { readonly kind: 'receipt'; readonly status: number; readonly receiptNo: string; readonly receiptSecret: string }
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  /** A place in the waiting room. */
  | { readonly kind: 'queued'; readonly ticket: string; readonly number: number; readonly pollAfterMs: number }
  | { readonly kind: 'not_open' }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  /** The registration may exist or not. */
  | { readonly kind: 'unknown'; readonly reason: string };

type Receipt = Extract<Answer, { kind: 'receipt' }>;
type PageOutcome =
  | (Receipt & { readonly attempt: number; readonly sentAt: number; readonly answeredAt: number })
  /** `unsettled`: an earlier attempt had no answer, so the registration may exist. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly unsettled: boolean }
  | { readonly kind: 'gave_up'; readonly unsettled: boolean };

const FIRST_BACKOFF_MS = 500;
const COUNTDOWN_MS = 1000;

/** Milliseconds to wait after `answer`; undefined when the page is done. */
export const waitAfter = (answer: Answer, attempt: number, random: RandomSource): number | undefined => {
  switch (answer.kind) {
    case 'busy':
      return answer.retryAfterMs * (1 + PAGE_WAITS_MORE * random.next());
    // The run has ended, or the place was lost.
    case 'queued':
    case 'not_open':
      return COUNTDOWN_MS;
    case 'unknown':
      return FIRST_BACKOFF_MS * attempt * (1 + random.next());
    case 'receipt':
    case 'refused':
      return undefined;
  }
};

/** `send` never rejects: a failure is an `unknown` answer. */
export const runPage = async (
  send: (attempt: number) => Promise<Answer>,
  random: RandomSource,
  /** `signal`: the deadline of the run, which ends every wait. */
  limits: { readonly attempts: number; readonly signal: AbortSignal },
): Promise<PageOutcome> => {
  let unsettled = false;
  for (let attempt = 1; attempt <= limits.attempts && !limits.signal.aborted; attempt += 1) {
    const sentAt = Date.now();
    const answer = await send(attempt);
    if (answer.kind === 'receipt') return { ...answer, attempt, sentAt, answeredAt: Date.now() };
    if (answer.kind === 'refused') return { ...answer, unsettled };
    if (answer.kind === 'unknown') unsettled = true;
    const waitMs = waitAfter(answer, attempt, random);
    if (waitMs === undefined || attempt === limits.attempts) break;
    try {
      await sleep(waitMs, undefined, { signal: limits.signal });
    } catch {
      break;
    }
  }
  return { kind: 'gave_up', unsettled };
};

/**
 * Carries one request out at its channel, as far as that is possible now. Each line is one request in this pod's turn:
 *
 * | asked                | answer               | what follows |
 * |----------------------|----------------------|--------------|
 * | look-ups first       | issued               | issued |
 * |                      | absent               | the next look-up, then the request |
 * | request              | issued               | issued |
 * | request              | failed               | look-up: an earlier try may have issued it. Absent: failed. No answer: failed, if this was the first try |
 * | request              | maybe                | look-up. Absent: the request again, MOST_MAYBES times; then failed |
 * | either               | unknown, throttled, quota, refused | waits: nothing is known |
 *
 * Channels say "limit reached" also while another request for the account is under way, so one such answer proves nothing.
 */
import type { Failure } from '../../contract/outside/issuance.ts';
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Lane, Sent } from '../outside/lane.ts';
import { inSpan, type Span } from '../tracing/spans.ts';
import type { ChannelClient, IssueAnswer, IssueRequest, QueryAnswer } from './ports.ts';

export type AnswerKind = IssueAnswer['kind'] | QueryAnswer['kind'];
export type Call = 'issue' | 'query';

/** An answer by which nothing is known yet. */
export type Unsettled = Extract<IssueAnswer, { readonly kind: 'unknown' | 'throttled' | 'quota' | 'refused' }>;

export type Result =
  | { readonly kind: 'issued'; readonly coupon: string; readonly request: string }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly code: string }
  | { readonly kind: 'unsettled'; readonly answer: Unsettled }
  /** This pod's turn did not come. */
  | { readonly kind: 'blocked' };

export interface AskDeps {
  readonly client: ChannelClient;
  readonly lane: Lane;
  readonly clock: Clock;
  /** The process ends: no further request is begun. */
  readonly draining: AbortSignal;
  /** One call was answered. */
  readonly asked: (call: Call, kind: AnswerKind) => void;
  /** Of the message. Undefined: it is not traced. */
  readonly span?: Span | undefined;
}

/** What an answer says about the channel. */
export const SENT: Readonly<Record<AnswerKind, Sent>> = {
  issued: 'answered',
  absent: 'answered',
  failed: 'answered',
  maybe: 'answered',
  unknown: 'retry',
  throttled: 'retry',
  quota: 'quota',
  refused: 'refused',
};

/** Where 2 % of all answers are wrong, five in a row are wrong once in 300 million. */
export const MOST_MAYBES = 5;
const MAYBE_AGAIN_MS = [250, 500, 1_000, 2_000];

const BLOCKED: Result = { kind: 'blocked' };

/** @param first requests that are looked up before `request` is sent; the same voucher with other numbers */
export const carryOut = async (
  { client, lane, clock, draining, asked, span }: AskDeps,
  request: IssueRequest,
  first: readonly IssueRequest[],
  signal: AbortSignal,
): Promise<Result> => {
  const inTurn = async <A extends IssueAnswer | QueryAnswer>(
    call: Call,
    send: () => Promise<A>,
  ): Promise<A | undefined> => {
    if (!(await lane.turn(draining))) return undefined;
    const answer = await inSpan(span, `channel.${call}`, {}, send, ({ kind }) => kind).catch((error: unknown) => {
      lane.sent('retry');
      throw error;
    });
    lane.sent(SENT[answer.kind]);
    asked(call, answer.kind);
    return answer;
  };
  /** Undefined: the channel says for sure that there is none. */
  const lookUp = async (one: IssueRequest): Promise<Result | undefined> => {
    const answer = await inTurn('query', () => client.query(one, signal));
    if (answer === undefined) return BLOCKED;
    if (answer.kind === 'absent') return undefined;
    return answer.kind === 'issued' ? { ...answer, request: one.request } : { kind: 'unsettled', answer };
  };

  for (const one of first) {
    const found = await lookUp(one);
    if (found !== undefined) return found;
  }
  for (let maybes = 1; ; maybes += 1) {
    const answer = await inTurn('issue', () => client.issue(request, signal));
    if (answer === undefined) return BLOCKED;
    if (answer.kind === 'issued') return { ...answer, request: request.request };
    if (answer.kind !== 'failed' && answer.kind !== 'maybe') return { kind: 'unsettled', answer };
    const found = await lookUp(request);
    const { code } = answer;
    if (answer.kind === 'failed') {
      // Of an account that does not exist, some channels say nothing.
      const isFinal = found === undefined || (found.kind === 'unsettled' && first.length === 0);
      return isFinal ? { kind: 'failed', failure: answer.failure, code } : found;
    }
    if (found !== undefined) return found;
    if (maybes >= MOST_MAYBES) return { kind: 'failed', failure: 'limit', code };
    await sleep(clock, MAYBE_AGAIN_MS[maybes - 1] ?? 0, draining);
  }
};

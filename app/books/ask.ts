/**
 * Asks one channel what has become of requests, at this pod's share of the rate.
 *
 * | the answer                          | what follows |
 * |-------------------------------------|--------------|
 * | issued, absent                      | compared with the journal |
 * | unknown, throttled                  | asked again, five times at most; then unanswered |
 * | quota, refused                      | no more questions to this channel |
 * | no turn: no share, or it fails      | waits, and asks again; after ten minutes without a turn no more questions |
 */
import { z } from 'zod';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { IssuingData } from '../../contract/outside/issuance.ts';
import type { MismatchKind } from '../../contract/outside/reconcile.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { IssueRequest, QueryAnswer } from '../issuance/ports.ts';
import type { Expected } from './ledger.ts';
import type { BooksChannel, BooksDeps } from './ports.ts';

export interface AskedCounts {
  questions: number;
  agree: number;
  open: number;
  unanswered: number;
  endedBy?: string;
}

const MOST_TRIES = 5;
const AGAIN_AFTER_MS = 1_000;
const NO_TURN_FOR_MS = 10 * 60_000;

const accountFields = z.object({ account: z.string().min(1) });

const SENT = { issued: 'answered', absent: 'answered', unknown: 'retry', throttled: 'retry' } as const;

/** What the answer means beside the journal; undefined: they agree. */
export const mismatchOf = (
  expected: Expected,
  answer: Extract<QueryAnswer, { readonly kind: 'issued' | 'absent' }>,
): MismatchKind | undefined => {
  if (expected.kind === 'open') return undefined;
  if (answer.kind === 'absent') return expected.kind === 'issued' ? 'missingThere' : undefined;
  if (expected.isCoupon(answer.coupon)) return undefined;
  return expected.kind === 'issued' ? 'otherCoupon' : 'issuedThere';
};

export const createAsker = (
  { channel, stocks, client, lane }: BooksChannel,
  { opener, now, wait }: Pick<BooksDeps, 'opener' | 'now' | 'wait'>,
) => {
  const counts: AskedCounts = { questions: 0, agree: 0, open: 0, unanswered: 0 };
  let turnAtMs = now();

  /** @returns false: no more is asked */
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    for (;;) {
      signal.throwIfAborted();
      if (counts.endedBy !== undefined) return false;
      if (await lane.turn(signal)) {
        turnAtMs = now();
        return true;
      }
      if (now() - turnAtMs > NO_TURN_FOR_MS) {
        counts.endedBy = `no request was permitted for ten minutes (${lane.blocked() ?? 'no_share'})`;
        return false;
      }
      await wait(AGAIN_AFTER_MS, signal);
    }
  };

  /** Undefined: it can't be asked, because its account does not open. */
  const requestOf = async (event: EventEnvelope, signal: AbortSignal): Promise<IssueRequest | undefined> => {
    const { voucher, request, wonAt, sealed } = event.data as unknown as IssuingData;
    const stock = stocks.get(voucher);
    if (stock === undefined) return undefined;
    const opened = await opener.open(event.keyId, sealed, event.receipt, signal);
    const fields = opened.kind === 'opened' ? parseUntrusted(accountFields, opened.plaintext) : undefined;
    return fields === undefined ? undefined : { stock, account: fields.account, request, wonAt };
  };

  const query = async (request: IssueRequest, signal: AbortSignal): Promise<QueryAnswer | undefined> => {
    for (let tries = 1; ; tries += 1) {
      if (!(await turn(signal))) return undefined;
      const answer = await client.query(request, signal);
      if (answer.kind === 'quota' || answer.kind === 'refused') {
        lane.sent(answer.kind);
        counts.endedBy = answer.kind === 'quota' ? 'no more requests today' : `the channel refuses: ${answer.reason}`;
        return undefined;
      }
      lane.sent(SENT[answer.kind]);
      if (answer.kind === 'issued' || answer.kind === 'absent' || tries === MOST_TRIES) return answer;
      await wait(answer.retryAfterMs ?? AGAIN_AFTER_MS, signal);
    }
  };

  return {
    channel,
    counts: (): Readonly<AskedCounts> => counts,
    /** Of an `issuing` fact. Never rejects, except with the signal's reason. */
    async ask(event: EventEnvelope, expected: Expected, signal: AbortSignal): Promise<MismatchKind | undefined> {
      if (counts.endedBy !== undefined) return undefined;
      const request = await requestOf(event, signal);
      const answer = request === undefined ? undefined : await query(request, signal);
      if (answer === undefined && counts.endedBy !== undefined) return undefined;
      counts.questions += 1;
      if (answer === undefined || (answer.kind !== 'issued' && answer.kind !== 'absent')) {
        counts.unanswered += 1;
        return undefined;
      }
      if (expected.kind === 'open') {
        counts.open += 1;
        return undefined;
      }
      const mismatch = mismatchOf(expected, answer);
      if (mismatch === undefined) counts.agree += 1;
      return mismatch;
    },
    /** The channel's number of issued vouchers; undefined: it does not tell it, or does not answer. */
    async issued(voucher: string, signal: AbortSignal): Promise<number | undefined> {
      const stock = stocks.get(voucher);
      if (stock === undefined) return undefined;
      for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
        if (!(await turn(signal))) return undefined;
        const answer = await client.stock(stock, signal);
        if (answer.kind === 'stock') {
          lane.sent('answered');
          return answer.state.issued;
        }
        lane.sent(answer.kind === 'quota' || answer.kind === 'refused' ? answer.kind : 'retry');
        if (answer.kind === 'quota' || answer.kind === 'refused') return undefined;
        await wait(AGAIN_AFTER_MS, signal);
      }
      return undefined;
    },
  };
};
export type Asker = ReturnType<typeof createAsker>;

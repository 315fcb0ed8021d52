/**
 * `POST /callbacks/<channel>`: a channel says that a voucher was used. Everyone can send such a request, so nothing of it is looked at
 * before its signature. A channel repeats what is not answered with success within 5 s; WeChat Pay sends it ten times in all.
 *
 * | the request                                              | counted as   | answer |
 * |----------------------------------------------------------|--------------|--------|
 * | another path or method, a channel that has no callbacks  | –            | 404, 405 |
 * | a body over 64 KiB, or cut off                           | malformed    | 413, 400 |
 * | no keys can be read                                      | keys         | 503 |
 * | no signature of the channel                              | forged       | 401 |
 * | signed, and not understood: a key of ours is wrong       | unreadable   | 500 |
 * | signed, another event or merchant                        | other        | 200 |
 * | a use, while many are looked up                          | shed         | 503 |
 * | a use, by redeem.ts                                      | redeemed, repeated, other_stock | 200 |
 * |                                                          | unknown      | 500 |
 * |                                                          | unavailable  | 503, also after 4 s |
 */
import type { IncomingMessage } from 'node:http';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { Channel } from '../../contract/envelope.ts';
import { CALLBACK_CHANNELS, channelCallbackPath } from '../../contract/outside/issuance.ts';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, within } from '../../runtime/deadline.ts';
import { type Answer, jsonAnswer } from '../http/answer.ts';
import { ApiError, ERRORS } from '../http/errors.ts';
import { apiErrorOf, createAnswers, type Handler, type HookDeps, only } from '../http/handlers.ts';
import { createListener } from '../http/listener.ts';
import { readBody } from '../http/read-json.ts';
import type { ReadCallback } from '../outside/channels/callback-reader.ts';
import {
  answerCallback,
  CALLBACK_NOT_STORED,
  type Callback,
  type CallbackAnswer,
} from '../outside/channels/wechat-callback.ts';
import type { Redeem, Redeemed } from './redeem.ts';

export type CallbackResult = Exclude<Callback['kind'], 'used'> | Redeemed['kind'] | 'malformed' | 'keys' | 'shed';

export interface CallbackMetrics {
  callback(channel: Channel, result: CallbackResult): void;
  redeemed(channel: Channel, voucher: string): void;
}

export interface CallbackDeps extends HookDeps {
  readonly read: ReadCallback;
  readonly redeem: Redeem;
  /** Undefined: not read yet, or issuance has not started. */
  readonly start: () => IssuanceStart | undefined;
  readonly metrics: CallbackMetrics;
  /** Why one was not believed, or not understood; without anything of its content. */
  readonly onTrouble: (channel: Channel, result: CallbackResult, reason: string) => void;
  readonly clock: Pick<Clock, 'after' | 'now'>;
  /** The process ends. */
  readonly signal: AbortSignal;
}

const MOST_BYTES = 64 * 1024;
const ANSWER_WITHIN_MS = 4_000;
/** Each asks the journal three questions. */
const MOST_AT_ONCE = 128;

const LATER: CallbackAnswer = { ...CALLBACK_NOT_STORED, status: 503 };

const answerOf = ({ status, body }: CallbackAnswer): Answer => jsonAnswer(status, body, 'no-store');

const asFailure = (_request: IncomingMessage, { code, details }: ApiError): Answer => {
  const { status, title } = ERRORS[code];
  const message = code === 'BODY_TOO_LARGE' ? 'the body is larger than 64 KiB' : title.en;
  const answer = jsonAnswer(status, { code: 'FAIL', message }, 'no-store');
  return { ...answer, headers: { ...answer.headers, ...details.headers } };
};

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));

export const createCallbacks = (deps: CallbackDeps) => {
  const { read, redeem, start, metrics, onTrouble, clock, signal } = deps;
  let inHand = 0;

  const handle = (channel: Channel): Handler => {
    const counted = (result: CallbackResult, answer: CallbackAnswer): Answer => {
      metrics.callback(channel, result);
      return answerOf(answer);
    };
    const use = async (found: Extract<Callback, { readonly kind: 'used' }>): Promise<Redeemed> => {
      inHand += 1;
      try {
        return await within(clock, ANSWER_WITHIN_MS, signal, (until) => redeem(channel, found, until));
      } catch (error) {
        if (error instanceof DeadlineError || signal.aborted) return { kind: 'unavailable' };
        throw error;
      } finally {
        inHand -= 1;
      }
    };
    return async (request) => {
      const bytes = await readBody(request, MOST_BYTES).catch((error: unknown) => {
        metrics.callback(channel, 'malformed');
        throw apiErrorOf(error);
      });
      const started = start();
      const merchant = started?.channels.find((one) => one.channel === channel)?.merchant ?? '';
      const found = await read({ headers: headersOf(request), bytes }, merchant, clock.now());
      if (found.kind === 'keys') {
        onTrouble(channel, found.kind, found.reason);
        return counted(found.kind, LATER);
      }
      if (found.kind === 'forged' || found.kind === 'unreadable') {
        onTrouble(channel, found.kind, found.reason);
        return counted(found.kind, answerCallback(found, false));
      }
      // Without the start, the merchant is not known.
      if (started === undefined) return counted('unavailable', LATER);
      if (found.kind !== 'used') return counted(found.kind, answerCallback(found, false));
      if (inHand >= MOST_AT_ONCE) return counted('shed', LATER);
      const used = await use(found);
      if (used.kind === 'redeemed') metrics.redeemed(channel, used.voucher);
      if (used.kind === 'unavailable') return counted(used.kind, LATER);
      return counted(used.kind, answerCallback(found, used.kind !== 'unknown'));
    };
  };

  return createListener({
    routes: Object.fromEntries(
      CALLBACK_CHANNELS.map((channel) => [channelCallbackPath(channel), only({ POST: handle(channel) })]),
    ),
    elsewhere: () => {
      throw new ApiError('NOT_FOUND');
    },
    answer: createAnswers(deps, asFailure),
  }).listener;
};

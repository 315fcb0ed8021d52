/** Reads callbacks with the keys of the mounted Secret, which can be rotated while the pod runs. */
import { shared } from '../../../runtime/at-most.ts';
import { ConfigError } from '../../config.ts';
import { type Callback, type CallbackRequest, readWechatCallback } from './wechat-callback.ts';
import type { WechatKeys } from './wechat-keys.ts';

export type CallbackKeys = Pick<WechatKeys, 'verifiers' | 'apiV3Key'>;

/** `keys`: the keys can't be read, so nothing is believed. */
export type ReadCallback = (
  request: CallbackRequest,
  merchant: string,
  nowMs: number,
) => Promise<Callback | { readonly kind: 'keys'; readonly reason: string }>;

/** Not at each forged callback: they would make the pod read files as often as anyone likes. */
const READ_AGAIN_AFTER_MS = 10_000;

export const createCallbackReader = (
  readKeys: () => Promise<CallbackKeys>,
  monotonicMs: () => number,
): ReadCallback => {
  let known: { readonly keys: CallbackKeys | string; readonly atMs: number } | undefined;
  const readAgain = shared(async () => {
    const keys = await readKeys().catch((error: unknown) => {
      if (error instanceof ConfigError) return error.message;
      throw error;
    });
    known = { keys, atMs: monotonicMs() };
    return known;
  });
  return async (request, merchant, nowMs) => {
    const { keys } =
      known !== undefined && monotonicMs() - known.atMs < READ_AGAIN_AFTER_MS ? known : await readAgain();
    return typeof keys === 'string'
      ? { kind: 'keys', reason: keys }
      : readWechatCallback(request, keys, merchant, nowMs);
  };
};

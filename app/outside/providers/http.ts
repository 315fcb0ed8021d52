/** A provider that the campaign describes: health code and other checks by one POST of JSON. */
import { createHmac } from 'node:crypto';
import type { HttpProvider } from '../../../contract/types/verification.ts';
import { parseJson } from '../../../contract/untrusted.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { ProviderAnswer } from '../../verification/ports.ts';
import { createHttpClient, type HttpReply } from '../http-client.ts';
import type { Ask } from './ask.ts';
import { bodyTemplate, codeLists, jsonPointer } from './http-template.ts';

export interface HttpKeys {
  readonly secretKey: string;
}

/** Hex HMAC-SHA256 of timestamp, "." and body. */
export const signHttp = (secretKey: string, timestampSeconds: number, body: string): string =>
  createHmac('sha256', secretKey).update(`${timestampSeconds}.${body}`).digest('hex');

/**
 * | status | answer                                                                                 |
 * |--------|----------------------------------------------------------------------------------------|
 * | 200    | by its code                                                                            |
 * | 401    | refused                                                                                |
 * | other  | retry, after Retry-After. 403 too: a firewall sends it for the text of one request      |
 */
const answerOf = (reply: HttpReply, byCode: (json: unknown) => ProviderAnswer): ProviderAnswer => {
  if (reply.kind === 'trouble') return { kind: 'retry', reason: reply.reason };
  const { status, bytes, retryAfterMs } = reply;
  if (status === 200) return byCode(parseJson(bytes));
  if (status === 401)
    return {
      kind: 'refused',
      reason: 'the provider does not accept the key (401); check secret-key in the Secret, and the clock of the node',
    };
  return { kind: 'retry', reason: `status ${status}`, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
};

/** For a provider without a fault (contract/outside/provider-faults.ts). */
export const askHttp = (url: string, http: HttpProvider, clock: Clock): Ask<HttpKeys | undefined> => {
  const client = createHttpClient(url, clock, { keepAlive: false });
  const bodyOf = bodyTemplate(http.body);
  const codeAt = jsonPointer(http.codeAt);
  const meaning = codeLists(http);
  return async (question, keys, signal) => {
    const body = bodyOf(question);
    const timestampSeconds = Math.floor(clock.now() / 1_000);
    const signature =
      keys === undefined
        ? {}
        : {
            'X-Timestamp': String(timestampSeconds),
            'X-Signature': signHttp(keys.secretKey, timestampSeconds, body),
          };
    const headers = { 'Content-Type': 'application/json; charset=utf-8', Accept: 'application/json', ...signature };
    const reply = await client.send({ method: 'POST', headers, body }, signal);
    return answerOf(reply, (json) => meaning(codeAt(json)));
  };
};

/** Tencent Cloud faceid: IdCardVerification, version 2018-03-01. Limits: 100 requests a second per account unless agreed otherwise. */
import type { Clock } from '../../../runtime/clock.ts';
import { createHttpClient } from '../http-client.ts';
import { repeatedResponses } from '../repeated-responses.ts';
import type { Ask } from './ask.ts';
import { type Tc3Keys, tc3Authorization } from './tc3.ts';
import { readTencentAnswer } from './tencent-answer.ts';

const SERVICE = 'faceid';
const ACTION = 'IdCardVerification';
const VERSION = '2018-03-01';
const CONTENT_TYPE = 'application/json; charset=utf-8';
/** @throws TypeError when `url` is no address */
export const askTencent = (url: string, clock: Clock): Ask<Tc3Keys> => {
  const client = createHttpClient(url, clock, { keepAlive: true });
  const isRepeated = repeatedResponses();
  return async ({ name, idType, idNumber }, keys, signal) => {
    // The provider would call another document's number invalid, and the citizen would be rejected.
    if (idType !== 'CN_ID') return { kind: 'no_record', code: 'id_type_not_supported' };
    const body = JSON.stringify({ IdCard: idNumber, Name: name });
    const timestampSeconds = Math.floor(clock.now() / 1_000);
    const { host } = client;
    const headers = {
      Authorization: tc3Authorization(
        { host, service: SERVICE, contentType: CONTENT_TYPE, body, timestampSeconds },
        keys,
      ),
      'Content-Type': CONTENT_TYPE,
      'X-TC-Action': ACTION,
      'X-TC-Version': VERSION,
      'X-TC-Timestamp': String(timestampSeconds),
    };
    const { answer, requestId } = readTencentAnswer(
      await client.send({ method: 'POST', headers, body }, signal),
      clock.now(),
    );
    if (requestId === undefined || !isRepeated(requestId)) return answer;
    client.disconnect();
    return { kind: 'retry', reason: 'not understood: the response to another request' };
  };
};

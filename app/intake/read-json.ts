/**
 * A JSON body of at most 4 kB. express.json() reads an oversized body to its end before it refuses; here the refusal
 * goes out at once and the connection ends with it, so that nobody makes a pod swallow an upload.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.ts';

export const BODY_LIMIT_BYTES = 4_096;

/** `application/json`, in UTF-8 if a charset is named. */
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

const checkHeaders = ({ headers }: IncomingMessage): void => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity', 'content-length': length } = headers;
  if (!JSON_TYPE.test(type) || encoding !== 'identity') throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
  if (length !== undefined && Number(length) > BODY_LIMIT_BYTES) throw new ApiError('BODY_TOO_LARGE');
};

const readAll = (request: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (outcome: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      outcome();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT_BYTES) settle(() => reject(new ApiError('BODY_TOO_LARGE')));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, bytes)));
    // Hung up, or cut by the request time-out: nobody is there to read the answer.
    const onClose = (): void => settle(() => reject(new ApiError('BAD_JSON')));
    request.on('data', onData).once('end', onEnd).once('close', onClose);
    // A broken stream also emits `error`; without a listener it would end the process. `close` follows it.
    request.on('error', () => undefined);
  });

/** @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or BAD_JSON; the parser's message quotes the body and is dropped */
export const readJson = async (request: IncomingMessage): Promise<unknown> => {
  checkHeaders(request);
  const bytes = await readAll(request);
  if (!isUtf8(bytes)) throw new ApiError('BAD_JSON');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ApiError('BAD_JSON');
  }
};

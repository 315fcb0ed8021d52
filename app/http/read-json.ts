/**
 * A JSON body of at most 4 kB. express.json() reads an oversized body to its end before it refuses; here the refusal is sent at
 * once and ends the connection, so that large uploads cost nothing.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.ts';

export const BODY_LIMIT_BYTES = 4_096;

/** Bounds the cost of parsing. */
const MAX_TYPE_LENGTH = 256;
/** Far more than a phone's network makes of 4 kB; a body of single bytes costs twenty times a whole one. */
const MAX_PIECES = 256;

/** `application/json`, in UTF-8 if a charset is named; other parameters have no meaning (RFC 8259, section 11). */
const isJsonType = (header: string): boolean => {
  if (header.length > MAX_TYPE_LENGTH) return false;
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  if (type.trim() !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=');
    return name.trim() !== 'charset' || ['utf-8', 'utf8'].includes(value.trim().replace(/^"(.*)"$/, '$1'));
  });
};

const tooLarge = (): ApiError => new ApiError('BODY_TOO_LARGE', { headers: { Connection: 'close' } });

/** Checks what the head says of the body. @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, or BAD_JSON without a body */
export const checkJsonHead = ({ headers }: IncomingMessage): void => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity', 'content-length': length } = headers;
  if (!isJsonType(type) || encoding.toLowerCase() !== 'identity') throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
  if (length !== undefined && Number(length) > BODY_LIMIT_BYTES) throw tooLarge();
  const isBodyless = length === undefined ? headers['transfer-encoding'] === undefined : Number(length) === 0;
  if (isBodyless) throw new ApiError('BAD_JSON');
};

/** @throws ApiError BODY_TOO_LARGE, whose text is about the usual bound; BAD_JSON when the client hung up */
export const readBody = (request: IncomingMessage, mostBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (outcome: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      outcome();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > mostBytes || chunks.length === MAX_PIECES) settle(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, bytes)));
    // Hung up, or cut by the request time-out: no one reads the answer.
    const onClose = (): void => settle(() => reject(new ApiError('BAD_JSON')));
    request.on('data', onData).once('end', onEnd).once('close', onClose);
    // A broken stream also emits `error`, which would end the process without a listener. `close` follows.
    request.on('error', () => undefined);
  });

/** After checkJsonHead. @throws ApiError BODY_TOO_LARGE or BAD_JSON; the parser's message quotes the body and is dropped */
export const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const bytes = await readBody(request, BODY_LIMIT_BYTES);
  if (!isUtf8(bytes)) throw new ApiError('BAD_JSON');
  try {
    // A byte order mark may stand before it (RFC 8259, section 8.1).
    return JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    throw new ApiError('BAD_JSON');
  }
};

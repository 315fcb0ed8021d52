/** What can go wrong with a local provider, switched at run time by POST /_faults. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { z } from 'zod';

/**
 * | kind        | what a client sees                                              |
 * |-------------|-----------------------------------------------------------------|
 * | reset       | the connection is reset, and nothing is looked up               |
 * | hang        | no answer, and nothing is looked up                             |
 * | error       | an error of the protocol with `code`, and nothing is looked up  |
 * | status      | `status` with an HTML page, and nothing is looked up            |
 * | slow        | the answer after `delayMs`                                      |
 * | lost        | looked up, then the connection is reset                         |
 * | half        | a part of the answer, then the end of the connection            |
 * | shortLength | Content-Length is half of the body                              |
 * | garbage     | bytes that are no text                                          |
 * | html        | a login page with status 200                                    |
 * | charset     | the answer with a text in GBK                                   |
 * | declared    | the answer, said to be in GBK                                   |
 * | compressed  | the answer, said to be compressed                               |
 * | huge        | the answer after a megabyte of spaces                           |
 * | redirect    | 302 to another address                                          |
 * | twice       | the answer two times                                            |
 * | again       | the answer, and again before the next answer on the connection  |
 * | unknown     | a result that is in no documentation                            |
 * | number      | a number in place of the result's text                          |
 * | empty       | {}                                                              |
 */
export const FAULTS = [
  ...(['reset', 'hang', 'error', 'status', 'slow', 'lost', 'half', 'shortLength', 'garbage', 'html'] as const),
  ...([
    'charset',
    'declared',
    'compressed',
    'huge',
    'redirect',
    'twice',
    'again',
    'unknown',
    'number',
    'empty',
  ] as const),
] as const;
export type FaultKind = (typeof FAULTS)[number];

export const faultSchema = z.strictObject({
  kind: z.enum(FAULTS),
  /** Of the requests, evenly spread: 0.25 is every fourth. */
  share: z.number().min(0).max(1).default(1),
  /** Ends after so many; left out: it does not. */
  times: z.number().int().min(1).optional(),
  /** Ends after so long. */
  forMs: z.number().int().min(1).optional(),
  delayMs: z.number().int().min(0).max(60_000).default(1_000),
  code: z.string().default('InternalError'),
  status: z.number().int().min(300).max(599).default(503),
});
/** Replaces all faults; the first that applies to a request is taken. */
export const faultsBody = z.strictObject({ faults: z.array(faultSchema) });

export type FaultRequest = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;

/** Which requests a fault takes. */
type Schedule = Pick<Fault, 'share' | 'times' | 'forMs'>;

export interface Faults<F extends Schedule> {
  set(faults: readonly F[]): void;
  /** The fault of this request. @param concerns whether a fault is one of this kind of request at all */
  next(concerns?: (fault: F) => boolean): F | undefined;
}

export const createFaults = <F extends Schedule = Fault>(monotonicMs: () => number): Faults<F> => {
  let active: { readonly fault: F; readonly sinceMs: number; due: number; taken: number }[] = [];
  return {
    set(faults) {
      active = faults.map((one) => ({ fault: one, sinceMs: monotonicMs(), due: 0, taken: 0 }));
    },
    next(concerns = () => true) {
      for (const one of active) {
        const { share, times, forMs } = one.fault;
        if (!concerns(one.fault)) continue;
        if (times !== undefined && one.taken >= times) continue;
        if (forMs !== undefined && monotonicMs() - one.sinceMs >= forMs) continue;
        one.due += share;
        if (one.due < 1) continue;
        one.due -= 1;
        one.taken += 1;
        return one.fault;
      }
      return undefined;
    },
  };
};

/** A complete answer. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Beside type and length. */
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json';

const sendBytes = (
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(body), ...headers });
  response.end(body);
};

const asText = ({ body, headers = {} }: Reply): string => {
  const lines = Object.entries({ 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(body), ...headers });
  return `HTTP/1.1 200 OK\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
};

/** Answers that will be sent again, by connection. */
const leftOver = new WeakMap<Socket, Reply>();

/** To be called for each request, before its answer. */
export const sendLeftOver = (socket: Socket): void => {
  const reply = leftOver.get(socket);
  leftOver.delete(socket);
  if (reply !== undefined) socket.write(asText(reply));
};

export const sendReply = (response: ServerResponse, { status, body, headers }: Reply): void =>
  sendBytes(response, status, body, headers);

const PAGE = '<!DOCTYPE html><html><head><title>登录</title></head><body>0 -1</body></html>';
/** 一致 in GBK. Its bytes are not UTF-8. */
const GBK = Buffer.from([0xd2, 0xbb, 0xd6, 0xc2]);

const inGbk = (body: string): Buffer =>
  Buffer.concat([Buffer.from('{"Remark":"'), GBK, Buffer.from('",'), Buffer.from(body.slice(1))]);

/** The answer with its result changed: `{"a":{"Result":"0"}}` and `"7"` make `{"a":{"Result":"7"}}`. */
const withResult = (body: string, result: string): string =>
  body.replace(/("(?:Result|code)":)"[^"]*"/, (_, name: string) => `${name}${result}`);

const isHtml = { 'Content-Type': 'text/html; charset=utf-8' };

/** Faults that keep the question from being looked up. `error` is the protocol's own matter. */
export const refuse = (
  fault: Pick<Fault, 'status'> & { readonly kind: string },
  request: IncomingMessage,
  response: ServerResponse,
): boolean => {
  if (fault.kind === 'reset') request.socket.resetAndDestroy();
  else if (fault.kind === 'status') sendBytes(response, fault.status, PAGE, isHtml);
  else return fault.kind === 'hang';
  return true;
};

/** Sends an answer as the fault leaves it. @returns whether the client can read it */
export const spoil = (
  fault: Pick<Fault, 'delayMs'> & { readonly kind: string },
  response: ServerResponse,
  reply: Reply,
): boolean => {
  const { status, body, headers = {} } = reply;
  switch (fault.kind) {
    case 'slow':
      setTimeout(() => {
        if (!response.destroyed) sendReply(response, reply);
      }, fault.delayMs);
      return true;
    case 'twice':
      response.once('finish', () => response.socket?.write(asText(reply)));
      sendReply(response, reply);
      return true;
    case 'again':
      if (response.socket !== null) leftOver.set(response.socket, reply);
      sendReply(response, reply);
      return true;
    case 'lost':
      response.socket?.resetAndDestroy();
      return false;
    case 'half':
      response.writeHead(status, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(body), ...headers });
      response.write(body.slice(0, body.length / 2), () => response.socket?.end());
      return false;
    case 'shortLength':
      sendBytes(response, status, body, {
        ...headers,
        'Content-Length': String(Math.floor(body.length / 2)),
      });
      return false;
    case 'garbage':
      sendBytes(response, status, Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 37 + 128) % 256)));
      return false;
    case 'html':
      sendBytes(response, status, PAGE, isHtml);
      return false;
    case 'charset':
      sendBytes(response, status, inGbk(body), headers);
      return false;
    case 'declared':
      sendBytes(response, status, body, { ...headers, 'Content-Type': `${JSON_TYPE}; charset=GBK` });
      return false;
    case 'compressed':
      sendBytes(response, status, body, { ...headers, 'Content-Encoding': 'gzip' });
      return false;
    case 'huge':
      sendBytes(response, status, ' '.repeat(1_000_000) + body, headers);
      return false;
    case 'redirect':
      sendBytes(response, 302, '', { Location: '/elsewhere' });
      return false;
    case 'unknown':
      sendBytes(response, status, withResult(body, '"42"'), headers);
      return false;
    case 'number':
      sendBytes(response, status, withResult(body, '42'), headers);
      return false;
    case 'empty':
      sendBytes(response, status, '{}', headers);
      return false;
    default:
      sendReply(response, reply);
      return true;
  }
};

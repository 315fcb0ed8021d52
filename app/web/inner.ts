/** A form as the request to the API that it stands for, so that page and programs are answered by the same handlers. */
import { IncomingMessage } from 'node:http';

interface Inner {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Of the browser's headers these concern the API as well: language, place in the queue, the proxy's. Content and length are ours. */
const NOT_PASSED = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'expect']);

export const innerRequest = (outer: IncomingMessage, { method, url, headers = {}, body }: Inner): IncomingMessage => {
  const text = body === undefined ? '' : JSON.stringify(body);
  const passed = Object.fromEntries(Object.entries(outer.headers).filter(([name]) => !NOT_PASSED.has(name)));
  const content =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  const inner = Object.assign(new IncomingMessage(outer.socket), {
    method,
    url,
    headers: { ...passed, ...content, ...headers },
    // Otherwise it would count as cut off at its end, and close the browser's connection.
    complete: true,
  });
  inner.push(text === '' ? null : text);
  if (text !== '') inner.push(null);
  return inner;
};

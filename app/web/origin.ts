/** Address of this page, as the browser knows it: for the code on the receipt. */
import type { IncomingMessage } from 'node:http';

const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * A form is sent with `Origin`, which names the scheme that a proxy in front hides from us. It counts only if it is of the host that was
 * asked. Without it the page is taken to be behind TLS.
 */
export const originOf = ({ headers: { origin = '', host = '' } }: IncomingMessage): string => {
  if (!HOST.test(host)) return '';
  return origin === `http://${host}` || origin === `https://${host}` ? origin : `https://${host}`;
};

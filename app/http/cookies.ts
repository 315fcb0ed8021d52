/** Cookies of a request. */
import type { IncomingMessage } from 'node:http';

/** Cookies of ours have some hundred characters together. */
const LONGEST = 6_000;

/** Its value; empty without one. */
export const cookieIn = ({ headers: { cookie = '' } }: IncomingMessage, name: string): string =>
  (cookie.length > LONGEST ? '' : cookie)
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? '';

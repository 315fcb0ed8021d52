/** The API server itself: its version, and its clock. */
import { z } from 'zod';
import { readText } from '../../runtime/read-text.ts';
import type { KubeAccess } from './access.ts';
import { errorOfAnswer } from './errors.ts';

const version = z.object({ gitVersion: z.string() });
const MAX_BYTES = 64 * 1024;

/** Needs no permission. @throws KubeError; TypeError when the answer has no date */
export const askServer = async (
  { server, session }: Pick<KubeAccess, 'server' | 'session'>,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly dateMs: number }> => {
  const { headers, dispatcher } = await session();
  const url = new URL(`${server}/version`);
  const answer = await dispatcher.request({
    origin: url.origin,
    path: url.pathname,
    method: 'GET',
    headers: { ...headers, accept: 'application/json' },
    signal,
  });
  const text = await readText(answer.body, MAX_BYTES);
  if (answer.statusCode !== 200) throw errorOfAnswer({ status: answer.statusCode, text }, 'get version', 1);
  const date = answer.headers['date'];
  const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(dateMs)) throw new TypeError('the answer of the API server has no date');
  return { version: version.parse(JSON.parse(text)).gitVersion, dateMs };
};

/**
 * Chained lines: each has its number from 1 and the SHA-256 of the line before as it is stored. So `sha256sum` shows a line
 * that was altered, removed, inserted or moved. Pure.
 *
 * Lines removed at the end leave no gap: only a hash that was noted elsewhere shows that.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseUntrusted } from './untrusted.ts';

export interface Link {
  /** Number of the line. */
  readonly n: number;
  /** SHA-256 of its text in UTF-8, hex. */
  readonly hash: string;
}

/** What the first line refers to. */
export const GENESIS: Link = { n: 0, hash: '0'.repeat(64) };

const linked = z.looseObject({ n: z.number().int().positive(), prev: z.string() });

/** The line that follows `last` in a chain, as it is to be stored. */
export const chainLine = (content: object, last: Link = GENESIS): string =>
  JSON.stringify({ n: last.n + 1, prev: last.hash, ...content });

/** End of a chain after this line. A line that can't be read counts as one. */
export const linkOf = (text: string, last: Link = GENESIS): Link => ({
  n: parseUntrusted(linked, text)?.n ?? last.n + 1,
  hash: createHash('sha256').update(text, 'utf8').digest('hex'),
});

/**
 * What is wrong with a line after `last`; undefined when nothing is.
 *
 * | n        | prev                 | then                                        |
 * |----------|----------------------|---------------------------------------------|
 * | last + 1 | hash of the last one | right                                       |
 * | last + 1 | another              | the line before was altered, or exchanged   |
 * | other    | any                  | lines in between were removed, or one came in |
 */
export const breakOf = (text: string, last: Link = GENESIS): string | undefined => {
  const line = parseUntrusted(linked, text);
  if (line === undefined) return `the entry after entry ${last.n} can't be read`;
  if (line.n !== last.n + 1)
    return `entry ${line.n} was found in place of entry ${last.n + 1}: entries were removed or added`;
  if (line.prev === last.hash) return undefined;
  return last.n === 0
    ? 'entry 1 is not the beginning of the trail: earlier entries were removed'
    : `entry ${line.n} does not fit entry ${last.n}: one of them was altered`;
};

/** Stalls: times in which a process did not run. What it had to send is sent late, and a provider counts it in a later second. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SHARE_VALID_MS } from '../../contract/outside/outside.ts';
import type { Counts } from './counts.ts';

type Second = Counts['perSecond'][number];

/** A process that did not run: of a pod, or of the provider. */
export interface Stall {
  readonly of: string;
  readonly atMs: number;
  readonly ms: number;
}

export interface FullSecond {
  /** Unix time. */
  readonly second: number;
  readonly requests: number;
  readonly stalls: readonly Stall[];
}

/** What was delayed arrives this long after the stall at the latest. */
const ARRIVES_WITHIN_MS = 50;

/**
 * Seconds in which the provider counted more than its limit, with the stalls that explain them: what was held up is counted in a
 * later second. A stall as long as a share lasts explains nothing, because afterwards nothing may be sent.
 */
export const fullSeconds = (
  perSecond: readonly Second[],
  limit: number,
  stalls: readonly Stall[],
): readonly FullSecond[] =>
  perSecond
    .filter(({ requests }) => requests > limit)
    .map(({ second, requests }) => ({
      second,
      requests,
      stalls: stalls.filter(
        ({ atMs, ms }) =>
          ms < SHARE_VALID_MS && atMs < (second + 1) * 1_000 && atMs + ms + ARRIVES_WITHIN_MS >= second * 1_000,
      ),
    }));

/** Arguments of Node for processes whose stalls are recorded in this folder, which must exist. */
export const recordingStalls = (dir: string): readonly string[] => [
  '--import',
  `${pathToFileURL(join(import.meta.dirname, 'record-stalls.ts'))}?${new URLSearchParams({ dir })}`,
];

/** Of processes that recorded into this folder, and of the provider itself. */
export const readStalls = async (dir: string, { stalls }: Pick<Counts, 'stalls'>): Promise<readonly Stall[]> => {
  const texts = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')));
  const own = stalls.map(({ at, ms }): Stall => ({ of: 'provider', atMs: Date.parse(at), ms }));
  // The last line of a process that was killed may not be whole.
  return [...own, ...texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line): Stall => JSON.parse(line))];
};

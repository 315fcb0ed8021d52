/** Draws for tests: lists from a seed, and the definition of `vcdraw1` without any shortcut. */
import { createHash } from 'node:crypto';
import { sortEntries } from '../../app/draw/sort-entries.ts';
import { seededRandom } from '../../local/load/random.ts';

export const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** entries.bin of `n` entries that look random and are always the same for a name. */
export const listOf = (n: number, name: string): Buffer => {
  const entries = Buffer.from(new ArrayBuffer(n * 32));
  for (let index = 0; index < n; index += 1) sha256(`${name} ${index}`).copy(entries, index * 32);
  sortEntries(entries);
  return entries;
};

export const entriesOf = (list: Uint8Array): readonly Buffer[] =>
  Array.from({ length: list.length / 32 }, (_, index) => Buffer.from(list.subarray(index * 32, index * 32 + 32)));

const u32be = (value: number): Buffer => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);

export interface Terms {
  readonly entries: Buffer;
  readonly k: number;
  readonly waitlist: number;
  readonly sources: readonly Buffer[];
}

/** By definition: every score is computed, and all are sorted. */
export const drawByDefinition = ({ entries, k, waitlist, sources }: Terms) => {
  const list = entriesOf(entries);
  const winners = Math.min(k, list.length);
  const lengths = sources.flatMap((source) => [Buffer.of(source.length >>> 8, source.length), source]);
  const seed = sha256('vcdraw1/seed\0', sha256(entries), u32be(list.length), u32be(winners), ...lengths);
  const scored = list.map((entry, index) => ({ entry, index, score: sha256('vcdraw1/score\0', seed, entry) }));
  scored.sort((a, b) => Buffer.compare(a.score, b.score));
  const won = new Set(scored.slice(0, winners).map(({ index }) => index));
  const bits = list.map((_, index) => (won.has(index) ? '1' : '0')).join('');
  return {
    seed: seed.toString('hex'),
    cutoff: scored[winners - 1]?.score.toString('hex') ?? '',
    bits,
    waitlist: scored.slice(winners, winners + waitlist).map(({ entry }) => entry.toString('hex')),
  };
};

export const bitsOf = (bitmap: Uint8Array, n: number): string =>
  [...bitmap]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, n);

/** Terms of a draw of every kind, always the same for a number: also without entries, quota or waitlist. */
export const someTerms = (number: number): Terms => {
  const { next } = seededRandom(number);
  const below = (most: number): number => Math.floor(next() * most);
  const n = number % 10 === 0 ? below(3) : 1 + below(400);
  return {
    entries: listOf(n, `draw ${number}`),
    k: below(n + 20),
    waitlist: below(60),
    sources: Array.from({ length: 1 + below(3) }, (_, at) =>
      sha256(`source ${number} ${at}`).subarray(0, 1 + below(32)),
    ),
  };
};

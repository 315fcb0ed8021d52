import { describe, expect, it } from '@jest/globals';
import { drawOrder, drawVoucher, firstUnsorted } from '../../../app/draw/draw.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { sortEntries } from '../../../app/draw/sort-entries.ts';
import { bitsOf, drawByDefinition, entriesOf, listOf, sha256, someTerms, type Terms } from '../../helpers/draws.ts';

const draw = (terms: Terms) => drawVoucher({ ...terms, listDigest: sha256(terms.entries).toString('hex') });
const shown = (terms: Terms) => {
  const { seed, cutoff, bitmap, waitlist } = draw(terms);
  const n = terms.entries.length / 32;
  return { seed, cutoff, bits: bitsOf(bitmap, n), waitlist: entriesOf(waitlist).map((entry) => entry.toString('hex')) };
};

/** Published with the specification of vcdraw1. */
describe('the vector of vcdraw1', () => {
  const entries = Array.from({ length: 8 }, (_, index) => {
    const secret = sha256(`secret${index + 1}`)
      .toString('hex')
      .slice(0, 32);
    return entryOf('3f1c7a52-0000-4000-8000-000000000003', `CD03-0000000${index + 1}`, secret);
  });
  const list = Buffer.from(new ArrayBuffer(8 * 32));
  list.set(Buffer.concat(entries));
  sortEntries(list);
  const drawn = draw({ entries: list, k: 5, waitlist: 2, sources: [Buffer.alloc(32)] });

  it('has this seed, cutoff and bitmap', () => {
    expect(drawn.seed).toBe('82cc807a01020f6231a38498676d4b345764665d26215d9524a5f1cf9e3063d4');
    expect(drawn.cutoff).toBe('901a93959572f49c7a8e4d0f2a7712eb326038e8e46fa8624071ce0b0e5a3058');
    expect(bitsOf(drawn.bitmap, 8)).toBe('01011101');
  });

  it('has this order', () => {
    const rankOf = (entry: Buffer): number => drawOrder(drawn.seed, list, list.indexOf(entry) / 32).rank;
    const order = entries.map((entry, index) => ({ receipt: index + 1, rank: rankOf(entry) }));
    expect(order.sort((a, b) => a.rank - b.rank).map(({ receipt }) => receipt)).toEqual([7, 8, 1, 5, 2, 3, 6, 4]);
    expect(entriesOf(drawn.waitlist)).toEqual([entries[2], entries[5]]);
  });
});

describe('the draw', () => {
  it('is the same as by definition, in 200 draws of every kind', () => {
    for (let number = 0; number < 200; number += 1) {
      const terms = someTerms(number);
      expect({ number, ...shown(terms) }).toEqual({ number, ...drawByDefinition(terms) });
    }
  });

  it('is the same as by definition with 30,000 entries, of which buckets have several', () => {
    const terms = { entries: listOf(30_000, 'many'), k: 20_000, waitlist: 9_000, sources: [Buffer.from('one')] };
    expect(shown(terms)).toEqual(drawByDefinition(terms));
  });

  it.each([
    ['fewer entries than the quota: all win', 3, 5, 9, { winners: 3, waitlisted: 0 }],
    ['as many entries as the quota', 3, 3, 9, { winners: 3, waitlisted: 0 }],
    ['no entries', 0, 5, 9, { winners: 0, waitlisted: 0, cutoff: '' }],
    ['quota 0: nothing is won, and the waitlist has the order', 3, 0, 9, { winners: 0, waitlisted: 3, cutoff: '' }],
    ['quota 0 without a waitlist', 3, 0, 0, { winners: 0, waitlisted: 0, cutoff: '' }],
  ])('%s', (_name, n, k, waitlist, expected) => {
    const terms = { entries: listOf(n, 'few'), k, waitlist, sources: [Buffer.from('one')] };
    expect(draw(terms)).toMatchObject(expected);
    expect(shown(terms)).toEqual(drawByDefinition(terms));
  });

  it('has the largest score as the cutoff where all win', () => {
    const entries = listOf(3, 'few');
    const { seed, cutoff } = draw({ entries, k: 5, waitlist: 0, sources: [Buffer.from('one')] });
    const scores = [0, 1, 2].map((index) => drawOrder(seed, entries, index).score);
    expect(cutoff).toBe(scores.sort().at(-1));
  });

  it.each([
    ['an entry twice', (list: Buffer) => list.copyWithin(32, 0, 32), 'at byte 32'],
    ['a list that is not sorted', (list: Buffer) => list.subarray(64, 96).fill(0), 'at byte 64'],
  ])('refuses %s', (_name, spoil, message) => {
    const entries = listOf(5, 'spoilt');
    spoil(entries);
    expect(() => draw({ entries, k: 1, waitlist: 0, sources: [Buffer.from('one')] })).toThrow(message);
  });

  it('refuses half an entry, no source, and a source without bytes', () => {
    const entries = listOf(5, 'spoilt');
    expect(() => draw({ entries: entries.subarray(0, 33), k: 1, waitlist: 0, sources: [Buffer.from('a')] })).toThrow(
      '33 bytes',
    );
    expect(() => draw({ entries, k: 1, waitlist: 0, sources: [] })).toThrow('at least one source');
    expect(() => draw({ entries, k: 1, waitlist: 0, sources: [Buffer.of()] })).toThrow('a source has 0 bytes');
  });

  it('depends on every bit of list, quota and sources', () => {
    const entries = listOf(50, 'bits');
    const terms = { entries, k: 20, waitlist: 5, sources: [Buffer.from('ab'), Buffer.from('c')] };
    const others = [
      { ...terms, entries: listOf(50, 'other') },
      { ...terms, k: 21 },
      { ...terms, sources: [Buffer.from('c'), Buffer.from('ab')] },
      { ...terms, sources: [Buffer.from('a'), Buffer.from('bc')] },
    ];
    expect(new Set([terms, ...others].map((one) => draw(one).seed)).size).toBe(5);
  });

  it('finds the first entry that is not above the one before', () => {
    expect(firstUnsorted(listOf(9, 'sorted'))).toBeUndefined();
    expect(firstUnsorted(Buffer.of())).toBeUndefined();
  });
});

/**
 * Each of 10 entries should win with probability 3/10. Over 20,000 draws with sources 0…19,999 the statistic
 *   Σ (wins − 6,000)² / (20,000 · 0.3 · 0.7) · (9/10)
 * has the chi-square distribution with 9 degrees of freedom: the wins of one draw sum to 3, which the factor corrects. Seeds are fixed, so
 * the value is the same in every run; 27.88 is exceeded by chance in one of 1,000 such choices.
 */
describe('fairness over 20,000 draws', () => {
  const DRAWS = 20_000;
  const entries = listOf(10, 'uniform');
  const drawn = Array.from({ length: DRAWS }, (_, number) =>
    bitsOf(draw({ entries, k: 3, waitlist: 0, sources: [Buffer.from(String(number))] }).bitmap, 10),
  );
  const wins = (draws: readonly string[]): readonly number[] =>
    Array.from({ length: 10 }, (_, index) => draws.filter((bits) => bits[index] === '1').length);
  const chiSquare = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum + (count - DRAWS * 0.3) ** 2 / (DRAWS * 0.3 * 0.7), 0) * 0.9;

  it('gives each entry the same chance', () => {
    const statistic = chiSquare(wins(drawn));
    process.stdout.write(
      `chi-square of 10 entries over ${DRAWS} draws: ${statistic.toFixed(2)} (9 degrees of freedom)\n`,
    );
    expect(statistic).toBeLessThan(27.88);
  });

  it('would show a bias of 5 in 100', () => {
    // The first entry wins in the place of the second in every twentieth draw.
    const biased = drawn.map((bits, number) => (number % 20 === 0 ? `10${bits.slice(2)}` : bits));
    expect(chiSquare(wins(biased))).toBeGreaterThan(27.88);
  });
});

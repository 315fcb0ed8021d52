import { describe, expect, it } from '@jest/globals';
import { canonicalJson, digestOf } from '../../../app/draw/canonical.ts';
import { commitmentOf, resultOf, sourcesOf } from '../../../app/draw/documents.ts';
import type { VoucherEntries } from '../../../app/draw/entries.ts';
import { merkleRoot } from '../../../app/draw/merkle.ts';
import { listOf, sha256 } from '../../helpers/draws.ts';

describe('canonical JSON', () => {
  it.each([
    ['members in the order of their names', { b: 1, a: { d: [], c: 'x' } }, '{"a":{"c":"x","d":[]},"b":1}'],
    ['texts as RFC 8785 writes them', '€"\\\u0001\n\u007f/', '"€\\"\\\\\\u0001\\n\u007f/"'],
    ['whole numbers', [0, -1, Number.MAX_SAFE_INTEGER], '[0,-1,9007199254740991]'],
  ])('has %s', (_name, value, text) => {
    expect(canonicalJson(value)).toBe(text);
    expect(digestOf(value)).toBe(sha256(text).toString('hex'));
  });

  it.each([
    ['a fraction', 0.5],
    ['a number that is not safe', 2 ** 53],
    ['no number', Number.NaN],
    ['null', null],
    ['undefined in an object', { a: undefined }],
    ['half of a surrogate pair', '\ud800'],
    ['a name that is not ASCII', { ä: 1 }],
  ])('has no form for %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow('canonical JSON');
  });
});

const TERMS = {
  campaignUid: 'spring-2027',
  attempt: 1,
  notBefore: '2027-03-02T00:00:00Z',
  postponeAt: '2027-03-03T00:00:00Z',
  sources: [{ name: 'dice', type: 'Bytes', description: 'of a notary' }],
} as const;
const NO_LIST: VoucherEntries = { voucher: 'none', entries: Buffer.of() };
const lists: readonly VoucherEntries[] = [
  { voucher: 'dinner', entries: listOf(30, 'dinner') },
  { voucher: 'sport', entries: listOf(4, 'sport') },
];
const listed = ({ voucher, entries }: VoucherEntries, quota = 5) => ({
  voucher,
  n: entries.length / 32,
  quota,
  waitlist: 10,
  listDigest: sha256(entries).toString('hex'),
  merkleRoot: merkleRoot(entries),
});
const commitment = commitmentOf(
  TERMS,
  [...lists, NO_LIST].map((list) => listed(list)),
);

describe('a commitment', () => {
  it('has vouchers in order, at most as many winners as entries, and a waitlist of who is left', () => {
    const shown = commitment.vouchers.map(({ voucher, n, k, waitlist }) => ({ voucher, n, k, waitlist }));
    expect(shown).toEqual([
      { voucher: 'dinner', n: 30, k: 5, waitlist: 10 },
      { voucher: 'none', n: 0, k: 0, waitlist: 0 },
      { voucher: 'sport', n: 4, k: 4, waitlist: 0 },
    ]);
  });

  it.each([
    ['the same voucher twice', { ...TERMS }, [...lists, ...lists], 'none twice'],
    ['no source', { ...TERMS, sources: [] }, lists, 'sources'],
    ['the same source twice', { ...TERMS, sources: [...TERMS.sources, ...TERMS.sources] }, lists, 'the same name'],
    ['a postponement before the draw', { ...TERMS, postponeAt: TERMS.notBefore }, lists, 'not after notBefore'],
  ])('is refused with %s', (_name, terms, all, problem) => {
    expect(() =>
      commitmentOf(
        terms,
        all.map((list) => listed(list)),
      ),
    ).toThrow(problem);
  });
});

describe('the documents', () => {
  it('name the digests of those before', () => {
    const sources = sourcesOf(commitment, [{ name: 'dice', hex: '0102' }]);
    expect(sources).toMatchObject({ campaignUid: 'spring-2027', attempt: 1, commitment: digestOf(commitment) });
    const result = resultOf(commitment, sources, []);
    expect(result).toMatchObject({ commitment: digestOf(commitment), sources: digestOf(sources) });
  });
});

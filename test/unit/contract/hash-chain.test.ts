import { describe, expect, it } from '@jest/globals';
import { breakOf, chainLine, GENESIS, type Link, linkOf } from '../../../contract/hash-chain.ts';

const chain = (count: number): readonly string[] => {
  const lines: string[] = [];
  let last: Link = GENESIS;
  for (let k = 0; k < count; k += 1) {
    const line = chainLine({ id: `step-${k}`, says: '批准' }, last);
    lines.push(line);
    last = linkOf(line, last);
  }
  return lines;
};
const breaks = (lines: readonly string[]): readonly string[] => {
  let last: Link = GENESIS;
  return lines.flatMap((line) => {
    const broken = breakOf(line, last);
    last = linkOf(line, last);
    return broken ?? [];
  });
};

describe('a chain of lines', () => {
  const lines = chain(5);

  it('is whole as it was made', () => {
    expect(breaks(lines)).toEqual([]);
    expect(breaks([])).toEqual([]);
  });

  it('holds plain SHA-256 of the line before', () => {
    // printf '%s' '{"n":1,"prev":"000…","id":"a"}' | sha256sum
    const line = chainLine({ id: 'a' });
    expect(line).toBe(`{"n":1,"prev":"${'0'.repeat(64)}","id":"a"}`);
    expect(linkOf(line)).toEqual({
      n: 1,
      hash: '02b2de1bb7c60a925c72f2cc31e3b5ef0c2e09986ca8f9d7a3d2db0453750781',
    });
  });

  it.each([
    ['the first is removed', lines.slice(1), /^entry 2 was found in place of entry 1/],
    ['one in the middle is removed', lines.toSpliced(2, 1), /^entry 4 was found in place of entry 3/],
    ['one is repeated', lines.toSpliced(2, 0, lines[1] ?? ''), /^entry 2 was found in place of entry 3/],
    [
      'two are exchanged',
      lines.toSpliced(1, 2, lines[2] ?? '', lines[1] ?? ''),
      /^entry 3 was found in place of entry 2/,
    ],
    ['one is altered', lines.with(1, (lines[1] ?? '').replace('批准', '否决')), /^entry 3 does not fit entry 2/],
    ['one is no entry', lines.with(1, 'nonsense'), /^the entry after entry 1 can't be read/],
    [
      'another beginning was put before it',
      lines.with(0, chainLine({ id: 'forged' })),
      /^entry 2 does not fit entry 1/,
    ],
  ])('is broken when %s', (_, broken, message) => {
    expect(breaks(broken)[0]).toMatch(message);
  });

  it('does not show what was cut off at its end: its last hash does', () => {
    expect(breaks(lines.slice(0, 3))).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ageOn, parseIdentityNumber } from '../../../app/core/identity-number.ts';
import { checkCharacter, citizenOf, MAX_CITIZENS, UNUSED_REGIONS } from '../../../local/load/citizen.ts';

const NOW_MS = Date.UTC(2020, 8, 21);
const index = fc.integer({ min: 0, max: MAX_CITIZENS - 1 });
const seed = fc.integer({ min: 0, max: 2 ** 31 });

/** First two digits of every number that was ever given out: GB/T 2260, residence permits, foreigners. */
const PROVINCES_IN_USE = [
  ...[11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46],
  ...[50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91],
];

describe('citizens who do not exist', () => {
  it('have a check character as the standard computes it', () => {
    expect(checkCharacter('11010519491231002')).toBe('X');
    expect(checkCharacter('44052418800101001')).toBe('4');
  });

  it('have numbers that the app believes, of adults', () => {
    fc.assert(
      fc.property(seed, index, (s, i) => {
        const parsed = parseIdentityNumber(citizenOf(s, i).idNumber, NOW_MS);
        expect(parsed.kind).toBe('valid');
        expect(parsed.kind === 'valid' && ageOn(parsed.birthDate, NOW_MS) >= 18).toBe(true);
      }),
    );
  });

  it('have numbers that nobody can have', () => {
    expect(UNUSED_REGIONS.filter((region) => PROVINCES_IN_USE.includes(region))).toEqual([]);
    fc.assert(
      fc.property(seed, index, (s, i) => {
        const region = Number(citizenOf(s, i).idNumber.slice(0, 2));
        expect(PROVINCES_IN_USE).not.toContain(region);
      }),
    );
  });

  it('never share a number, and are the same for the same seed', () => {
    const numbers = new Set(Array.from({ length: 50_000 }, (_, i) => citizenOf(7, i * 7).idNumber));
    expect(numbers.size).toBe(50_000);
    expect(citizenOf(7, 123)).toEqual(citizenOf(7, 123));
    fc.assert(
      fc.property(seed, index, index, (s, a, b) => {
        fc.pre(a !== b);
        expect(citizenOf(s, a).idNumber).not.toBe(citizenOf(s, b).idNumber);
        expect(citizenOf(s, a).phone).not.toBe(citizenOf(s, b).phone);
      }),
    );
  });

  it('have names and phones of the form that the form asks for', () => {
    fc.assert(
      fc.property(seed, index, (s, i) => {
        const { name, phone } = citizenOf(s, i);
        expect(name).toMatch(/^测试[零一二三四五六七八九]{1,8}$/);
        expect(phone).toMatch(/^154\d{8}$/);
      }),
    );
  });

  it('are not made beyond what is unique', () => {
    expect(() => citizenOf(1, MAX_CITIZENS)).toThrow('at most');
    expect(() => citizenOf(1, -1)).toThrow('does not exist');
  });
});

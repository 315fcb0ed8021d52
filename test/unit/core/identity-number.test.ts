import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ageOn, parseIdentityNumber } from '../../../app/core/identity-number.ts';

const now = Date.parse('2020-09-25T01:00:00Z');

describe('an identity number', () => {
  const cases: Record<string, { raw: string; want: ReturnType<typeof parseIdentityNumber> }> = {
    "is valid when it is the standard's own example": {
      raw: '11010519491231002X',
      want: { kind: 'valid', normalised: '11010519491231002X', birthDate: '1949-12-31' },
    },
    'may end in a small x': {
      raw: '11010519491231002x',
      want: { kind: 'valid', normalised: '11010519491231002X', birthDate: '1949-12-31' },
    },
    'may be typed in full-width digits with spaces': {
      raw: ' 110105 １９４９１２３１ 002Ｘ ',
      want: { kind: 'valid', normalised: '11010519491231002X', birthDate: '1949-12-31' },
    },
    'is refused with one digit too few': { raw: '1101051949123100', want: { kind: 'invalid', code: 'ID_FORMAT' } },
    'is refused with an X inside': { raw: '11010519491X31002X', want: { kind: 'invalid', code: 'ID_FORMAT' } },
    'is refused when it begins with 0': { raw: '01010519491231002X', want: { kind: 'invalid', code: 'ID_FORMAT' } },
    'is refused with a wrong check character': {
      raw: '110105194912310021',
      want: { kind: 'invalid', code: 'ID_CHECKSUM' },
    },
    'is refused on 30 February': {
      raw: withCheck('11010519490230002'),
      want: { kind: 'invalid', code: 'ID_BIRTHDATE' },
    },
    'is refused when born tomorrow': {
      raw: withCheck('11010520200926002'),
      want: { kind: 'invalid', code: 'ID_BIRTHDATE' },
    },
    'is refused when born before 1900': {
      raw: withCheck('11010518991231002'),
      want: { kind: 'invalid', code: 'ID_BIRTHDATE' },
    },
    'is valid on 29 February of a leap year': {
      raw: withCheck('11010520000229002'),
      want: { kind: 'valid', normalised: withCheck('11010520000229002'), birthDate: '2000-02-29' },
    },
  };
  it.each(Object.entries(cases))('%s', (_name, { raw, want }) => {
    expect(parseIdentityNumber(raw, now)).toEqual(want);
  });

  it('is never valid with any one digit changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: 16 }), fc.integer({ min: 1, max: 9 }), (position, shift) => {
        const valid = '11010519491231002X';
        const digit = (Number(valid[position]) + shift) % 10;
        const changed = valid.slice(0, position) + digit + valid.slice(position + 1);
        expect(parseIdentityNumber(changed, now).kind).toBe('invalid');
      }),
    );
  });
});

describe('age', () => {
  const cases: Record<string, { birthDate: string; at: string; want: number }> = {
    'is complete on the birthday itself, by the calendar of China': {
      birthDate: '2002-09-25',
      at: '2020-09-24T16:00:00Z',
      want: 18,
    },
    'is one less a second before': { birthDate: '2002-09-25', at: '2020-09-24T15:59:59Z', want: 17 },
    'of someone born on 29 February grows on 1 March': {
      birthDate: '2004-02-29',
      at: '2022-02-28T04:00:00Z',
      want: 17,
    },
  };
  it.each(Object.entries(cases))('%s', (_name, { birthDate, at, want }) => {
    expect(ageOn(birthDate, Date.parse(at))).toBe(want);
  });
});

/** An independent way to the check character: ISO 7064 MOD 11-2 digit by digit. */
function withCheck(digits17: string): string {
  let product = 0;
  for (const digit of digits17) product = ((product + Number(digit)) * 2) % 11;
  const check = (12 - product) % 11;
  return digits17 + (check === 10 ? 'X' : String(check));
}

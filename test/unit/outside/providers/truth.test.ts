import { describe, expect, it } from '@jest/globals';
import { citizenOf } from '../../../../local/load/citizen.ts';
import { sourceErrorsOf, truthOf } from '../../../../local/providers/truth.ts';

const crowd = Array.from({ length: 20_000 }, (_, index) => citizenOf(1, index));
const share = (holds: (citizen: (typeof crowd)[number]) => boolean): number =>
  crowd.filter(holds).length / crowd.length;

describe('what the local providers know of a person', () => {
  it('is 96 % match, 2 % mismatch, 1 % no record, and 1 % trouble before a match', () => {
    expect(share((citizen) => truthOf(citizen) === 'match')).toBeCloseTo(0.97, 2);
    expect(share((citizen) => truthOf(citizen) === 'mismatch')).toBeCloseTo(0.02, 2);
    expect(share((citizen) => truthOf(citizen) === 'no_record')).toBeCloseTo(0.01, 2);
    expect(share(({ idNumber }) => sourceErrorsOf(idNumber) > 0)).toBeCloseTo(0.01, 2);
  });

  it('is always the same', () => {
    expect(crowd.slice(0, 50).map(truthOf)).toEqual(crowd.slice(0, 50).map(truthOf));
  });

  it('is a match for a person who was a mismatch and corrects the name', () => {
    const wrong = crowd.filter((citizen) => truthOf(citizen) === 'mismatch');
    expect(wrong.length).toBeGreaterThan(0);
    for (const { name, idNumber } of wrong) expect(truthOf({ name: `${name}正`, idNumber })).toBe('match');
  });
});

/** Which outside system is asked next. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Choice, chooseNext, type Gains } from '../../../app/outside/choose.ts';

const choice = (name: string, of: Partial<Choice> = {}): Choice => ({
  name,
  order: 1,
  weight: 1,
  isBlocked: false,
  ...of,
});
const pick = (choices: readonly Choice[], times: number): string => {
  let gains: Gains = new Map();
  let names = '';
  for (let n = 0; n < times; n += 1) {
    const chosen = chooseNext(choices, gains);
    names += chosen?.name ?? '-';
    gains = chosen?.gains ?? gains;
  }
  return names;
};

describe('the next system', () => {
  const cases: Readonly<Record<string, readonly [readonly Choice[], string]>> = {
    'is none where there is none': [[], '----'],
    'is none while all are blocked': [[choice('a', { isBlocked: true })], '----'],
    'is the lowest order': [[choice('b', { order: 2 }), choice('a')], 'aaaa'],
    'is the next order while the lowest is blocked': [
      [choice('a', { isBlocked: true }), choice('b', { order: 2 }), choice('c', { order: 3 })],
      'bbbb',
    ],
    'is each in turn among equals': [[choice('a'), choice('b'), choice('c')], 'abca'],
    'follows the weights': [[choice('a', { weight: 3 }), choice('b')], 'aabaaaba'],
    'is spread out, as nginx does it': [[choice('a', { weight: 5 }), choice('b'), choice('c')], 'aabacaa'],
  };
  it.each(Object.entries(cases))('%s', (_, [choices, expected]) => {
    expect(pick(choices, expected.length)).toBe(expected);
  });

  it('does not make up for the time that a system was blocked', () => {
    const [a, b] = [choice('a'), choice('b')];
    let gains: Gains = new Map();
    for (let n = 0; n < 100; n += 1) gains = chooseNext([a, { ...b, isBlocked: true }], gains)?.gains ?? gains;
    let names = '';
    for (let n = 0; n < 4; n += 1) {
      const chosen = chooseNext([a, b], gains);
      names += chosen?.name;
      gains = chosen?.gains ?? gains;
    }
    expect(names).toBe('abab');
  });

  it('gives each its weight in every round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const choices = weights.map((weight, n) => choice(String(n), { weight }));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const names = [...pick(choices, total)];
        for (const [n, weight] of weights.entries())
          expect(names.filter((name) => name === String(n))).toHaveLength(weight);
      }),
    );
  });
});

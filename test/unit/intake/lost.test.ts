import { describe, expect, it } from '@jest/globals';
import { type AnnouncedDraw, hasLost, mayHaveLost } from '../../../app/intake/lost.ts';
import type { EventType } from '../../../contract/envelope.ts';
import type { DrawnReceipt, FactAt } from '../../../journal/receipts/drawn-receipt.ts';

const DRAW: AnnouncedDraw = { barriers: [100, 200], unverified: 'exclude' };
const fact = (type: EventType, sequence: number, more: Partial<FactAt> = {}): FactAt => ({
  type,
  shard: 0,
  sequence,
  ...more,
});
const receipt = (changes: Partial<DrawnReceipt> = {}): DrawnReceipt => ({
  citizenHash: 'a'.repeat(64),
  copies: [{ shard: 1, sequence: 7 }],
  facts: [fact('verified', 9)],
  hasPlace: false,
  ...changes,
});

describe('a receipt has lost', () => {
  it.each<[string, DrawnReceipt, AnnouncedDraw, boolean]>([
    ['verified, without a place', receipt(), DRAW, true],
    ['with a place', receipt({ hasPlace: true }), DRAW, false],
    ['that came after the barrier', receipt({ copies: [{ shard: 0, sequence: 101 }] }), DRAW, false],
    [
      'with one copy before it',
      receipt({
        copies: [
          { shard: 0, sequence: 101 },
          { shard: 1, sequence: 199 },
        ],
      }),
      DRAW,
      true,
    ],
    ['verified after the barrier', receipt({ facts: [fact('verified', 101)] }), DRAW, false],
    ['that was not verified', receipt({ facts: [] }), DRAW, false],
    ['that was not verified, where all enter', receipt({ facts: [] }), { ...DRAW, unverified: 'enter' }, true],
    [
      'rejected, and corrected, where all enter',
      receipt({ facts: [fact('rejected', 8), fact('corrected', 9)] }),
      { ...DRAW, unverified: 'enter' },
      true,
    ],
    ['rejected', receipt({ facts: [fact('rejected', 8)] }), { ...DRAW, unverified: 'unchecked' }, false],
    [
      'withdrawn in another shard',
      receipt({ facts: [fact('verified', 9), fact('withdrawn', 150, { shard: 1 })] }),
      DRAW,
      false,
    ],
    ['of a shard that was not frozen', receipt({ copies: [{ shard: 2, sequence: 1 }] }), DRAW, false],
  ])('or not: %s', (_, found, draw, isLost) => {
    expect(hasLost(found, draw)).toBe(isLost);
  });

  it('only in a state that has no fact of its own', () => {
    expect((['received', 'verified'] as const).every(mayHaveLost)).toBe(true);
    expect((['won', 'waitlisted', 'superseded', 'rejected', 'withdrawn', 'erased'] as const).some(mayHaveLost)).toBe(
      false,
    );
  });
});

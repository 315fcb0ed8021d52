import { describe, expect, it } from '@jest/globals';
import { Returns } from '../../../simulation/returns.ts';

describe('those who were turned away', () => {
  it('come again within five seconds, after two and a half on average, and none is lost', () => {
    const returns = new Returns();
    returns.turnAway(3_600);
    expect(returns.waiting).toBe(3_600);
    const came = Array.from({ length: 6 }, () => returns.next());
    [900, 900, 1_000, 700, 100, 0].forEach((count, n) => {
      expect(came[n]).toBeCloseTo(count, 6);
    });
    const mean = came.reduce((sum, count, n) => sum + count * (n + 1), 0) / 3_600;
    expect(mean).toBeCloseTo(2.5, 6);
    expect(returns.waiting).toBeCloseTo(0, 6);
  });

  it('wait beside those who came later', () => {
    const returns = new Returns();
    returns.turnAway(100);
    expect(returns.next()).toBe(25);
    returns.turnAway(100);
    expect(returns.waiting).toBe(175);
    expect(returns.next()).toBe(50);
  });
});

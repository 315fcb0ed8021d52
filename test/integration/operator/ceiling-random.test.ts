/** A minute of kills, cuts, forgeries and changes of mind: no write of the operator ever goes above what is authorised. */
import { describe, expect, it } from '@jest/globals';
import { playCeiling } from '../../helpers/ceiling-play.ts';

const { signal } = new AbortController();
const SEED = 20_200_925;

describe('the ceiling', () => {
  it('holds through a minute of misfortune', async () => {
    const { raises, violations, writes, audited, deeds } = await playCeiling({
      seconds: 60,
      leastDeeds: 60,
      seed: SEED,
      ignoresCeiling: false,
      signal,
    });
    expect(violations).toEqual([]);
    // It was put to the test, and no write escaped the watch.
    expect(raises.length).toBeGreaterThan(8);
    expect(writes).toBe(audited);
    expect(Object.keys(deeds).length).toBeGreaterThan(10);
  });

  it('is seen to be broken when an operator ignores it', async () => {
    const { violations } = await playCeiling({ seconds: 15, seed: SEED, ignoresCeiling: true, signal });
    expect(violations.length).toBeGreaterThan(0);
  });
});

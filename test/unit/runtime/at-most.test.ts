import { describe, expect, it } from '@jest/globals';
import { atMost } from '../../../runtime/at-most.ts';
import { settle } from '../../helpers/fake-clock.ts';

describe('work of which so much goes on at a time', () => {
  it('waits in line, and goes on when some of it fails', async () => {
    const two = atMost(2);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const results = [0, 1, 2, 3].map((n) =>
      two(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 1) throw new Error('failed');
        return n;
      }),
    );
    const all = Promise.allSettled(results);
    await settle();
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await settle();
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[3]?.();
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });
});

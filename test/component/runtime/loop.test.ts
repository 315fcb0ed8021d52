import { expect, it } from '@jest/globals';
import { Loop } from '../../../operator/tick/loop.ts';
import { systemClock } from '../../../runtime/clock.ts';

it('ticks many keys on the real clock until it is told to stop', async () => {
  const stop = new AbortController();
  const runs = new Map<string, number>();
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const loop = new Loop({
    clock: systemClock,
    random: Math.random,
    maxConcurrent: 2,
    backoff: { initialMs: 1, maxMs: 2 },
    onError: () => undefined,
    run: async (key) => {
      runs.set(key, (runs.get(key) ?? 0) + 1);
      if (keys.every((each) => (runs.get(each) ?? 0) >= 3)) stop.abort();
      if (key === 'e') throw new Error('e always fails');
      return { requeueAfterMs: 1 };
    },
  });
  for (const key of keys) loop.kick(key, 'start');
  await loop.start(stop.signal);
  expect(keys.every((key) => (runs.get(key) ?? 0) >= 3)).toBe(true);
});

/** Numbers from blocks: unique over all pods, above what was served, and bounded in what waits. */
import { describe, expect, it } from '@jest/globals';
import { blockSize, createNumbers } from '../../../app/intake/waiting-room/numbers.ts';
import { createFakeQueue } from '../../helpers/fake-queue.ts';

const world = () => {
  const queue = createFakeQueue();
  const now = { ms: 0, serving: 0 };
  const pod = () => createNumbers({ claim: queue.claim, monotonicMs: () => now.ms, serving: () => now.serving });
  return { queue, now, pod };
};

describe('numbers', () => {
  it('of several pods at once are unique and without a gap where no one is served', async () => {
    const { pod } = world();
    const pods = [pod(), pod(), pod()];
    const numbers = await Promise.all(Array.from({ length: 600 }, (_, index) => pods[index % 3]?.()));
    expect(new Set(numbers).size).toBe(600);
    expect(numbers).not.toContain(undefined);
  });

  it('that two pods took from one block are found: the check of the check', async () => {
    const { now } = world();
    const broken = () => createNumbers({ claim: async () => 1, monotonicMs: () => now.ms, serving: () => 0 });
    const numbers = await Promise.all([broken(), broken()].map((next) => next()));
    expect(new Set(numbers).size).toBe(1);
  });

  it('of one pod rise', async () => {
    const { pod } = world();
    const next = pod();
    const numbers: number[] = [];
    for (let index = 0; index < 200; index += 1) numbers.push((await next()) ?? 0);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('begin above what was served, and the rest of a block that was served is dropped', async () => {
    const { pod, now } = world();
    const next = pod();
    now.serving = 41;
    // A crowd: the block has more than one number.
    const crowd = await Promise.all(Array.from({ length: 50 }, next));
    expect(Math.min(...crowd.map((number) => number ?? 0))).toBe(42);
    now.serving = 10_000;
    expect(await next()).toBe(10_001);
  });

  it('go on from the block while the journal is away, then there are none, and none is given twice afterwards', async () => {
    const { pod, queue, now } = world();
    const next = pod();
    await Promise.all(Array.from({ length: 20 }, next));
    now.ms = 50;
    await next();
    const [first = 0, size = 0] = queue.blocks.at(-1) ?? [];
    expect(size).toBeGreaterThan(2);
    queue.isAnswering = false;
    const rest = [];
    for (let index = 1; index < size; index += 1) rest.push(await next());
    expect(rest).toEqual(Array.from({ length: size - 1 }, (_, index) => first + 1 + index));
    expect(await next()).toBeUndefined();
    queue.isAnswering = true;
    expect(await next()).toBe(first + size);
  });

  it('are refused to those for whom there is no room to wait', async () => {
    const claimed = Promise.withResolvers<number | undefined>();
    const next = createNumbers({ claim: () => claimed.promise, monotonicMs: () => 0, serving: () => 0 });
    const waiting = Array.from({ length: 3_000 }, next);
    const refused = await Promise.race([waiting[2_999], Promise.resolve('waits')]);
    claimed.resolve(undefined);
    expect(refused).toBeUndefined();
    expect((await Promise.all(waiting)).every((number) => number === undefined)).toBe(true);
  });
});

describe('a block', () => {
  it.each([
    ['one ticket now and then', 1, 60, 1, 1],
    ['300 within 0.4 s', 300, 0.4, 20, 375],
    ['a crowd that waits', 0, 1, 200, 200],
    ['any flood', 100_000, 0.1, 2_000, 1_000],
  ])('for %s', (_, given, seconds, waiting, size) => {
    expect(blockSize(given, seconds, waiting)).toBe(size);
  });
});

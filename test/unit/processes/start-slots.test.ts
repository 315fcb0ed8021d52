import { describe, expect, it, jest } from '@jest/globals';
import { StartSlots } from '../../../local/processes/start-slots.ts';

const never = new AbortController().signal;
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

describe('start slots', () => {
  it('let the next one in when one is given back, once however often it is', async () => {
    const slots = new StartSlots(1);
    const order: string[] = [];
    const first = await slots.take(never);
    const second = slots.take(never).then((release) => {
      order.push('second');
      return release;
    });
    const third = slots.take(never).then((release) => {
      order.push('third');
      return release;
    });
    await settled();
    expect(order).toEqual([]);
    first?.();
    first?.();
    await settled();
    expect(order).toEqual(['second']);
    (await second)?.();
    (await third)?.();
    expect(order).toEqual(['second', 'third']);
  });

  it('lose nobody’s turn when one that waits is ended', async () => {
    const slots = new StartSlots(1);
    const ending = new AbortController();
    const first = await slots.take(never);
    const ended = slots.take(ending.signal);
    const last = slots.take(never);
    ending.abort();
    expect(await ended).toBeUndefined();
    first?.();
    (await last)?.();
  });

  it('come back after 10 s from one that never gets ready', async () => {
    jest.useFakeTimers();
    try {
      const slots = new StartSlots(1);
      await slots.take(never);
      const next = slots.take(never);
      jest.advanceTimersByTime(10_000);
      (await next)?.();
    } finally {
      jest.useRealTimers();
    }
  });
});

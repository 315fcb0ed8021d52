/** How tests wait. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';

const SOON = { timeoutMs: 10_000, everyMs: 1, what: 'it' };

describe('eventually', () => {
  it('has the first value that is neither false nor undefined, and looks no more', async () => {
    const values = [false, undefined, 0, 1];
    const { signal } = new AbortController();
    expect(await eventually(() => values.shift(), { ...SOON, signal })).toBe(0);
    expect(values).toEqual([1]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('takes what a look throws for not yet', async () => {
    let looks = 0;
    const look = (): number => {
      looks += 1;
      if (looks < 3) throw new Error('too soon');
      return looks;
    };
    expect(await eventually(look, SOON)).toBe(3);
  });

  it('names at the deadline what never came, why, and who waited', async () => {
    const waitHere = async (): Promise<void> => {
      await eventually(() => Promise.reject(new Error('refused')), { ...SOON, timeoutMs: 5 });
    };
    const error: unknown = await waitHere().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: 'waited 5 ms for it', cause: { message: 'refused' } });
    expect(error instanceof Error && error.stack).toContain('waitHere');
  });

  it('looks once more where the machine stood still past the deadline', async () => {
    let looks = 0;
    const look = (): boolean => {
      looks += 1;
      if (looks > 1) return true;
      setImmediate(() => {
        const endAtMs = Date.now() + 30;
        while (Date.now() < endAtMs);
      });
      return false;
    };
    expect(await eventually(look, { ...SOON, timeoutMs: 20 })).toBe(true);
  });

  it.each(['in a look', 'between two looks'])('ends when aborted %s', async (where) => {
    const stop = new AbortController();
    let looks = 0;
    const look = (): Promise<boolean> | boolean => {
      looks += 1;
      if (where === 'in a look') {
        queueMicrotask(() => stop.abort(new Error('enough')));
        return new Promise(() => undefined);
      }
      setImmediate(() => stop.abort(new Error('enough')));
      return false;
    };
    const waiting = eventually(look, { ...SOON, everyMs: 60_000, signal: stop.signal });
    await expect(waiting).rejects.toThrow('enough');
    expect(looks).toBe(1);
  });

  it('looks once for a signal that was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await eventually(() => true, { ...SOON, signal })).toBe(true);
    await expect(eventually(() => false, { ...SOON, signal })).rejects.toThrow('enough');
  });
});

describe('eventuallyHolds', () => {
  it('waits until an assertion holds, and has the last one that did not as its cause', async () => {
    const looks = [1, 2, 3];
    await eventuallyHolds(() => expect(looks.shift()).toBe(3), SOON);
    expect(looks).toEqual([]);
    const never = eventuallyHolds(async () => expect(looks.length).toBe(4), { ...SOON, timeoutMs: 5 });
    await expect(never).rejects.toMatchObject({ cause: { matcherResult: { expected: 4, actual: 0 } } });
  });
});

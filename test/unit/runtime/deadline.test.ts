import { describe, expect, it } from '@jest/globals';
import { DeadlineError, within } from '../../../runtime/deadline.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const never = () => new Promise<never>(() => undefined);

describe('within', () => {
  it('gives the result and leaves no timer behind', async () => {
    const clock = new FakeClock();
    await expect(within(clock, 100, new AbortController().signal, async () => 7)).resolves.toBe(7);
    expect(clock.pending).toBe(0);
  });

  it('passes the work’s own error on', async () => {
    const work = async () => {
      throw new Error('refused');
    };
    await expect(within(new FakeClock(), 100, new AbortController().signal, work)).rejects.toThrow('refused');
  });

  it('goes on at the deadline although the work ignores its signal, which it aborts', async () => {
    const clock = new FakeClock();
    let seen: AbortSignal | undefined;
    const result = within(clock, 100, new AbortController().signal, (signal) => {
      seen = signal;
      return never();
    });
    const outcome = expect(result).rejects.toBeInstanceOf(DeadlineError);
    await clock.advance(100);
    await outcome;
    expect(seen?.aborted).toBe(true);
  });

  it('ends with the caller', async () => {
    const caller = new AbortController();
    const result = within(new FakeClock(), 100, caller.signal, never);
    const outcome = expect(result).rejects.toThrow('shutting down');
    caller.abort(new Error('shutting down'));
    await outcome;
  });

  it('starts nothing for a caller that has ended', async () => {
    let started = false;
    const work = async () => {
      started = true;
    };
    await expect(within(new FakeClock(), 100, AbortSignal.abort(new Error('over')), work)).rejects.toThrow('over');
    expect(started).toBe(false);
  });
});

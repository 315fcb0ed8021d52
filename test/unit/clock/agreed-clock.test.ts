import { afterEach, describe, expect, it } from '@jest/globals';
import { createAgreedClock } from '../../../app/clock/agreed-clock.ts';
import type { ClockSource } from '../../../runtime/clock-source.ts';
import { eventually } from '../../helpers/eventually.ts';

const TRUE_MS = Date.parse('2026-10-01T12:00:00.000Z');

const ended: AbortController[] = [];
afterEach(() => {
  for (const one of ended.splice(0)) one.abort();
});

/** A world in which time is what the test says; clocks are what they are ahead of it, in seconds. */
const world = async ({ own, others }: { own: number; others: Record<string, number | undefined> }) => {
  /** `asleepMs`: how long the machine stood still, and its monotonic clock with it. */
  const state = { elapsedMs: 0, asleepMs: 0, own, others, asked: 0 };
  const sources = Object.keys(others).map(
    (clock): ClockSource => ({
      async read() {
        state.asked += 1;
        const ahead = state.others[clock];
        if (ahead === undefined) throw new Error(`${clock} does not answer`);
        return {
          clock,
          atMs: TRUE_MS + state.elapsedMs + state.asleepMs + ahead * 1000,
          mayBeShared: clock === 'database',
        };
      },
    }),
  );
  const end = new AbortController();
  ended.push(end);
  const errors: unknown[] = [];
  const clock = createAgreedClock(
    {
      own: { now: () => TRUE_MS + state.elapsedMs + state.asleepMs + state.own * 1000 },
      monotonicMs: () => 777 + state.elapsedMs,
      sources,
      onError: (error) => errors.push(error),
    },
    end.signal,
  );
  await clock.first;
  const aheadSeconds = (): number => (clock.now() - TRUE_MS - state.elapsedMs - state.asleepMs) / 1000;
  return { clock, state, errors, aheadSeconds };
};
const three = { 'journal nats-0': 0, 'journal nats-1': 0, 'journal nats-2': 0, database: 0 };

describe('the time of an intake', () => {
  it.each([-600, -7_200, 25_200, 600])('is the true one when its own clock is %i s ahead', async (own) => {
    const { clock, aheadSeconds } = await world({ own, others: three });
    expect(aheadSeconds()).toBe(0);
    expect(clock.isAgreed()).toBe(true);
    expect(clock.problem()).toContain(`${Math.abs(own)} s ${own > 0 ? 'ahead of' : 'behind'}`);
    expect(clock.offsets()).toContainEqual({ clock: 'own', aheadSeconds: own });
  });

  it('is its own as long as that one agrees within two seconds', async () => {
    const { clock, aheadSeconds } = await world({ own: 1.5, others: three });
    expect(aheadSeconds()).toBe(1.5);
    expect(clock.isAgreed()).toBe(true);
    expect(clock.problem()).toBeUndefined();
  });

  it('is corrected beyond two seconds, and the pod serves until five', async () => {
    const { clock, aheadSeconds } = await world({ own: 4.5, others: three });
    expect(aheadSeconds()).toBe(0);
    expect(clock.problem()).toBeUndefined();
  });

  it('is its own when one server of the journal is wrong, whichever shards it leads', async () => {
    const { clock, aheadSeconds } = await world({ own: 0, others: { 'journal nats-0': 900, database: 0 } });
    expect(aheadSeconds()).toBe(0);
    expect(clock.problem()).toBeUndefined();
    expect(clock.offsets()).toContainEqual({ clock: 'journal nats-0', aheadSeconds: 900 });
  });

  it('is its own, and nobody’s word, when only one other answers and says something else', async () => {
    const { clock, aheadSeconds } = await world({ own: 0, others: { 'journal nats-0': 900, database: undefined } });
    expect(aheadSeconds()).toBe(0);
    expect(clock.isAgreed()).toBe(false);
    expect(clock.problem()).toBeUndefined();
    expect(clock.offsets()).toEqual([]);
  });

  it('stands when its clock is set while it runs, at the very next call, and asks the others at once', async () => {
    const { clock, state, aheadSeconds } = await world({ own: 0, others: three });
    const before = state.asked;
    state.elapsedMs = 9_000;
    state.own = -600;
    expect(aheadSeconds()).toBe(0);
    expect(clock.problem()).toContain('600 s behind');
    await eventually(() => state.asked > before, { what: 'a question to the others' });
    expect(aheadSeconds()).toBe(0);
  });

  it('is nobody’s word after the machine slept, until all were asked again', async () => {
    const { clock, state, aheadSeconds } = await world({ own: 0, others: three });
    expect(clock.isAgreed()).toBe(true);
    state.elapsedMs = 9_000;
    state.asleepMs = 600_000;
    // What they said before is ten minutes old, and a call can't tell.
    expect([clock.isAgreed(), aheadSeconds()]).toEqual([false, -600]);
    expect(clock.isAgreed()).toBe(false);
    await eventually(() => clock.isAgreed(), { what: 'word of the others' });
    expect(aheadSeconds()).toBe(0);
  });

  it('is nobody’s word after the machine slept, though all were asked a moment before', async () => {
    const { clock, state } = await world({ own: 0, others: three });
    state.elapsedMs = 100;
    state.asleepMs = 600_000;
    expect(clock.isAgreed()).toBe(false);
  });

  it('is nobody’s word after the machine slept when only some of them answer since', async () => {
    const { clock, state } = await world({ own: 0, others: three });
    const before = state.asked;
    state.elapsedMs = 9_000;
    state.asleepMs = 600_000;
    state.others = { database: 0 };
    clock.now();
    await eventually(() => state.asked >= before + 4, { what: 'a question to the others' });
    expect(clock.isAgreed()).toBe(false);
  });

  it('does not jump to and fro at the bound', async () => {
    const { state, aheadSeconds } = await world({ own: 2.1, others: three });
    expect(aheadSeconds()).toBe(0);
    state.own = 1.9;
    expect(aheadSeconds()).toBe(0);
    state.own = 1.4;
    expect(aheadSeconds()).toBe(1.4);
    state.own = 1.9;
    expect(aheadSeconds()).toBe(1.9);
  });

  it('does not swing about the bound: a pod that went comes back a second nearer', async () => {
    const { clock, state } = await world({ own: 5.1, others: three });
    expect(clock.problem()).toBeDefined();
    state.own = 4.5;
    expect(clock.problem()).toBeDefined();
    state.own = 3.9;
    expect(clock.problem()).toBeUndefined();
    state.own = 4.5;
    expect(clock.problem()).toBeUndefined();
  });
});

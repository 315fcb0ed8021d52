import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Loop, type LoopOptions } from '../../../operator/tick/loop.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

const loopWith = (clock: FakeClock, run: LoopOptions['run'], changes: Partial<LoopOptions> = {}) =>
  new Loop({
    clock,
    random: () => 0.5,
    run,
    onError: () => undefined,
    maxConcurrent: 8,
    backoff: { initialMs: 1_000, maxMs: 8_000 },
    ...changes,
  });

/** A run that takes time on the fake clock. */
const takes = (clock: FakeClock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

describe('Loop', () => {
  it('runs a key again after the delay that its run asked for, counted from the start of the run', async () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const loop = loopWith(clock, async () => {
      startsMs.push(clock.now());
      await takes(clock, 300);
      return { requeueAfterMs: 1_000 };
    });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('a', 'pod');
    await clock.advance(2_500);
    expect(startsMs).toEqual([0, 1_000, 2_000]);
    stop.abort();
    await ended;
  });

  it('runs a key that asks for another run at once before the others, but not twice in a row', async () => {
    const clock = new FakeClock();
    const order: string[] = [];
    const left = new Map(Object.entries({ a: 3, b: 1 }));
    const run = async (key: string) => {
      order.push(key);
      await takes(clock, 100);
      const more = left.get(key) ?? 0;
      left.set(key, more - 1);
      return { requeueAfterMs: more > 0 ? 0 : 60_000 };
    };
    const loop = loopWith(clock, run, { maxConcurrent: 1 });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    for (const key of ['a', 'b', 'c']) loop.kick(key, 'start');
    await clock.advance(1_000);
    expect(order.join('')).toBe('aabbcaa');
    stop.abort();
    await ended;
  });

  it('lets the others not keep an urgent key waiting', async () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const run = async (key: string) => {
      if (key !== 'open') return { requeueAfterMs: await takes(clock, 60_000).then(() => 1_000) };
      startsMs.push(clock.now());
      await takes(clock, 100);
      return { requeueAfterMs: 1_000, isUrgent: true };
    };
    const loop = loopWith(clock, run, { maxConcurrent: 2, reserved: 1 });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('open', 'start');
    await clock.advance(200);
    for (let n = 0; n < 10; n += 1) loop.kick(`hangs-${n}`, 'start');
    await clock.advance(4_500);
    expect(loop.counts.running).toBe(2);
    expect(startsMs).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    stop.abort();
    await clock.advance(60_000);
    await ended;
  });

  it('makes one run of a crowd of kicks, no sooner than the interval after the last start', async () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const runs: { readonly key: string; readonly lateMs: number; readonly tookMs: number }[] = [];
    const run = async () => {
      startsMs.push(clock.now());
      await takes(clock, 100);
      return { requeueAfterMs: 60_000 };
    };
    const loop = loopWith(clock, run, { minIntervalMs: 500, onRun: (done) => runs.push(done) });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    for (let ms = 0; ms < 1_200; ms += 10) {
      loop.kick('a', 'pod');
      await clock.advance(10);
    }
    await clock.advance(5_000);
    expect(startsMs).toEqual([0, 500, 1_000, 1_500]);
    expect(runs[0]).toEqual({ key: 'a', reason: 'pod', lateMs: 0, tookMs: 100 });
    expect(loop.counts).toEqual({ keys: 1, running: 0 });
    stop.abort();
    await ended;
  });

  it('runs at once when kicked, and once more after a run during which it was kicked', async () => {
    const clock = new FakeClock();
    const startsMs: number[] = [];
    const loop = loopWith(clock, async () => {
      startsMs.push(clock.now());
      await takes(clock, 100);
      return { requeueAfterMs: 60_000 };
    });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('a', 'pod');
    await clock.advance(50);
    loop.kick('a', 'pod');
    loop.kick('a', 'pod');
    await clock.advance(5_000);
    expect(startsMs).toEqual([0, 100]);
    loop.kick('a', 'pod');
    await clock.advance(1);
    expect(startsMs).toEqual([0, 100, 5_050]);
    await clock.advance(100);
    stop.abort();
    await ended;
  });

  it('tells of every run why it was made: the first kick that hastened it, the time, or a failure before', async () => {
    const clock = new FakeClock();
    const reasons: string[] = [];
    let failing = false;
    const run = async () => {
      await takes(clock, 100);
      if (failing) throw new Error('no');
      return { requeueAfterMs: 1_000 };
    };
    const loop = loopWith(clock, run, { onRun: ({ reason }) => reasons.push(reason) });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('a', 'start');
    await clock.advance(50);
    loop.kick('a', 'campaign');
    loop.kick('a', 'pod');
    await clock.advance(1_250);
    failing = true;
    await clock.advance(2_500);
    expect(reasons).toEqual(['start', 'campaign', 'due', 'due', 'retry']);
    stop.abort();
    await ended;
  });

  it('backs off a key that fails, tells how long, and starts over after a success', async () => {
    const clock = new FakeClock();
    const retries: number[] = [];
    let failing = true;
    const loop = loopWith(
      clock,
      async () => {
        if (failing) throw new Error('no');
        return { requeueAfterMs: 1_000 };
      },
      { onError: ({ retryAfterMs }) => void retries.push(retryAfterMs) },
    );
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('a', 'pod');
    await clock.advance(10_000);
    expect(retries).toEqual([750, 1_500, 3_000, 6_000]);
    failing = false;
    await clock.advance(2_000);
    failing = true;
    await clock.advance(500);
    expect(retries.at(-1)).toBe(750);
    stop.abort();
    await ended;
  });

  it('forgets a removed key, and takes it back when it returns during its last run', async () => {
    const clock = new FakeClock();
    const runs: string[] = [];
    const loop = loopWith(clock, async (key) => {
      runs.push(key);
      await takes(clock, 100);
      return { requeueAfterMs: 1_000 };
    });
    const stop = new AbortController();
    const ended = loop.start(stop.signal);
    loop.kick('gone', 'pod');
    loop.kick('back', 'pod');
    await clock.advance(50);
    loop.remove('gone');
    loop.remove('back');
    loop.kick('back', 'pod');
    await clock.advance(1_500);
    expect(runs).toEqual(['gone', 'back', 'back', 'back']);
    stop.abort();
    await ended;
  });

  it('ends only after the runs under way have ended, and starts none meanwhile', async () => {
    const clock = new FakeClock();
    let finished = 0;
    let started = 0;
    const loop = loopWith(clock, async () => {
      started += 1;
      await takes(clock, 500);
      finished += 1;
      return { requeueAfterMs: 0 };
    });
    const stop = new AbortController();
    let ended = false;
    const end = loop.start(stop.signal).then(() => {
      ended = true;
    });
    loop.kick('a', 'pod');
    await clock.advance(100);
    stop.abort();
    loop.kick('b', 'pod');
    await settle();
    expect(ended).toBe(false);
    await clock.advance(1_000);
    await end;
    expect({ started, finished }).toEqual({ started: 1, finished: 1 });
  });

  it('never runs a key twice at once, never exceeds its width, and loses no key', async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('kick' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
      fc.record({ do: fc.constant('remove' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
    );
    const outcome = fc.record({ ms: fc.integer({ min: 0, max: 400 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 40 }),
        fc.array(outcome, { minLength: 1 }),
        async (actions, outcomes) => {
          const clock = new FakeClock();
          const running = new Set<string>();
          const lastStartMs = new Map<string, number>();
          const violations: string[] = [];
          let count = 0;
          const loop = loopWith(
            clock,
            async (key) => {
              // Not by expect: what a run throws is the loop's to swallow.
              if (running.has(key)) violations.push(`${key} twice`);
              running.add(key);
              if (running.size > 2) violations.push('too wide');
              lastStartMs.set(key, clock.now());
              const { ms, fails } = outcomes[count++ % outcomes.length] ?? { ms: 0, fails: false };
              await takes(clock, ms);
              running.delete(key);
              if (fails) throw new Error('no');
              return { requeueAfterMs: 1_000 };
            },
            { maxConcurrent: 2 },
          );
          const stop = new AbortController();
          const ended = loop.start(stop.signal);
          const present = new Set<string>();
          for (const step of actions) {
            if (step.do === 'kick') {
              loop.kick(step.key, 'pod');
              present.add(step.key);
            } else if (step.do === 'remove') {
              loop.remove(step.key);
              present.delete(step.key);
            } else {
              await clock.advance(step.ms);
            }
          }
          // Longest possible wait of a key: its backoff (8 s), then four others ahead of it on two lanes.
          await clock.advance(20_000);
          for (const key of present) expect(lastStartMs.get(key) ?? 0).toBeGreaterThan(clock.now() - 12_000);
          stop.abort();
          await clock.advance(1_000);
          await ended;
          expect(running.size).toBe(0);
          expect(violations).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

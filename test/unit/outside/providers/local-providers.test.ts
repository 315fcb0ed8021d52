import { describe, expect, it } from '@jest/globals';
import { createCounter } from '../../../../local/providers/counts.ts';
import { createFaults, type FaultRequest, faultsBody } from '../../../../local/providers/faults.ts';

const world = () => {
  const state = { nowMs: 0 };
  const faults = createFaults(() => state.nowMs);
  const set = (...wanted: FaultRequest[]): void => faults.set(faultsBody.parse({ faults: wanted }).faults);
  const take = (count: number) => Array.from({ length: count }, () => faults.next()?.kind ?? '-').join(' ');
  return { state, set, take };
};

describe('faults of a local provider', () => {
  it('are evenly spread by their share', () => {
    const { set, take } = world();
    set({ kind: 'reset', share: 0.25 });
    expect(take(8)).toBe('- - - reset - - - reset');
  });

  it('end after their number, or after their time', () => {
    const { state, set, take } = world();
    set({ kind: 'half', times: 2 }, { kind: 'hang', forMs: 100 });
    expect(take(4)).toBe('half half hang hang');
    state.nowMs = 100;
    expect(take(2)).toBe('- -');
  });

  it('are all replaced by the next ones', () => {
    const { set, take } = world();
    set({ kind: 'half' });
    set();
    expect(take(2)).toBe('- -');
  });

  it.each([
    { faults: [{ kind: 'fire' }] },
    { faults: [{ kind: 'half', share: 2 }] },
    { faults: [{ kind: 'half', often: true }] },
    {},
  ])('of another form are refused: %j', (body) => {
    expect(faultsBody.safeParse(body).success).toBe(false);
  });
});

describe('the count of a local provider', () => {
  it('is by second of its clock', () => {
    const counter = createCounter(() => 0);
    expect([5_000, 5_999, 6_000].map((atMs) => counter.arrived(atMs))).toEqual([1, 2, 1]);
    counter.throttled(5_999);
    const { requests, perSecond } = counter.read();
    counter.stop();
    expect(requests).toBe(3);
    expect(perSecond).toEqual([
      { second: 5, requests: 2, throttled: 1 },
      { second: 6, requests: 1, throttled: 0 },
    ]);
  });

  it('keeps asked and answered apart', () => {
    const counter = createCounter(() => 0);
    const [one, other] = [counter.digestOf('one'), counter.digestOf('other')];
    expect([counter.asked(one), counter.asked(one), counter.asked(other)]).toEqual([1, 2, 1]);
    for (const digest of [one, other, other]) counter.answered(digest);
    const { questions, askedMoreThanOnce, answeredMoreThanOnce } = counter.read();
    counter.stop();
    expect(questions).toBe(2);
    expect(Object.values(askedMoreThanOnce)).toEqual([2]);
    expect(Object.values(answeredMoreThanOnce)).toEqual([2]);
    expect(Object.keys(askedMoreThanOnce)).not.toEqual(Object.keys(answeredMoreThanOnce));
  });

  it('has other digests in each process', () => {
    const counters = [createCounter(() => 0), createCounter(() => 0)];
    for (const counter of counters) counter.stop();
    const [a, b] = counters.map((counter) => counter.digestOf('one'));
    expect(a).not.toBe(b);
  });
});

/** The rivals' documented algorithms, on the examples of their documentation. */
import { describe, expect, it } from '@jest/globals';
import type { TierInput } from '../../../operator/scaling/types.ts';
import { DEFAULT_BEHAVIOR, desiredByAverage, newHpa } from '../../../simulation/policies/hpa.ts';
import { hpaDefault, kedaDefault, kedaExpert } from '../../../simulation/policies/other-autoscalers.ts';
import type { TierPolicy } from '../../../simulation/policies/policy.ts';
import { aTierLimits, fresh, steady } from '../../helpers/tier.ts';

describe('what a HorizontalPodAutoscaler asks for', () => {
  it.each([
    ['200m where 100m is wanted doubles', 10 * 200, 100, 10, 20],
    ['50m halves', 10 * 50, 100, 10, 5],
    ['50 replicas at 90 % where 75 % is wanted: 60', 50 * 90, 75, 50, 60],
    ['within a tenth nothing moves', 100 * 109, 100, 100, 100],
    ['beyond it moves', 100 * 111, 100, 100, 111],
    ['a lag of 95 at a threshold of 10', 95, 10, 1, 10],
  ])('%s', (_, total, target, replicas, desired) => {
    expect(desiredByAverage(total, target, replicas, 0.1)).toBe(desired);
  });
});

describe('how fast it goes', () => {
  const syncs = (from: number, desired: readonly number[]): readonly number[] => {
    const hpa = newHpa(DEFAULT_BEHAVIOR);
    let replicas = from;
    return desired.map((wanted, index) => {
      replicas = hpa(wanted, replicas, 1, 1000, index * 15);
      return replicas;
    });
  };
  const wish = (count: number, desired: number): readonly number[] => Array.from({ length: count }, () => desired);

  it('doubles, or takes four, every 15 s: nine syncs from 1 to 1,000, six from 10 to 572', () => {
    expect(syncs(1, wish(9, 1000))).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1000]);
    expect(syncs(10, wish(6, 572))).toEqual([20, 40, 80, 160, 320, 572]);
  });

  it('goes down when 300 s agree, and then at once', () => {
    const down = syncs(100, wish(21, 10));
    expect(down.slice(0, 20)).toEqual(wish(20, 100));
    expect(down[20]).toBe(10);
  });

  it('allows two looks within one period what it allows one', () => {
    const hpa = newHpa(DEFAULT_BEHAVIOR);
    expect(hpa(1000, 10, 1, 1000, 0)).toBe(20);
    expect(hpa(1000, 20, 1, 1000, 7)).toBe(20);
    expect(hpa(1000, 20, 1, 1000, 15)).toBe(40);
  });
});

describe('the rivals', () => {
  /** Replicas second by second from 120 s of 100/s, and then a step. */
  const play = (policy: TierPolicy, arriving: number, waiting: number, scheduleFloor = 0) => {
    const limits = aTierLimits({ max: 1000, ceiling: 1000, scheduleFloor });
    let replicas = 10;
    return Array.from({ length: 300 }, (_, second) => {
      const isStep = second >= 120;
      const input: TierInput = {
        nowMs: second * 1000,
        replicas,
        ready: replicas,
        arrivals: fresh(steady(isStep ? arriving : 100)),
        backlog: fresh({ messages: isStep ? waiting : 0 }),
      };
      replicas = policy(input, limits).replicas;
      return replicas;
    });
  };
  const firstAt = (replicas: readonly number[], least: number): number =>
    replicas.findIndex((count, second) => second >= 120 && count >= least) - 120;

  it('hpa-default sees a step through a minute’s rate, and doubles: 90 s and more to 572', () => {
    const replicas = play(hpaDefault({ phaseSeconds: 7 }), 8000, 0);
    expect(firstAt(replicas, 11)).toBeLessThanOrEqual(22);
    expect(firstAt(replicas, 572)).toBeGreaterThanOrEqual(82);
    expect(firstAt(replicas, 572)).toBeLessThanOrEqual(98);
    expect(Math.max(...replicas)).toBe(572);
  });

  it('keda-default follows the lag, a replica for every ten, and doubles', () => {
    const replicas = play(kedaDefault({ phaseSeconds: 7 }), 8000, 5720);
    expect(firstAt(replicas, 20)).toBe(7);
    expect(firstAt(replicas, 572)).toBe(7 + 5 * 15);
  });

  it('keda-expert is there at the first or second look', () => {
    const replicas = play(kedaExpert({ phaseSeconds: 7 }), 8000, 60_000);
    expect(firstAt(replicas, 600)).toBeLessThanOrEqual(22);
    expect(Math.max(...replicas)).toBe(672);
  });

  it('keda-expert keeps the cron floor; the others know no calendar', () => {
    expect(play(kedaExpert({ phaseSeconds: 7 }), 100, 0, 48).at(-1)).toBe(48);
    expect(play(hpaDefault({ phaseSeconds: 7 }), 100, 0, 48).at(-1)).toBe(10);
  });
});

import { describe, expect, it } from '@jest/globals';
import { waitingRoomText } from '../../../cli/status/waiting-words.ts';
import type { Crowd } from '../../../operator/queue/crowd.ts';
import { waitingEvents, waitingStatus } from '../../../operator/queue/waiting-status.ts';

const roomOf = (citizens: number, ratePerSecond: number, ahead = citizens) => {
  const crowd: Crowd = {
    atMs: 0,
    tickets: 0,
    turns: 0,
    accepted: 0,
    overdue: 0,
    citizens,
    ahead,
    correction: 1,
    share: 1,
    looks: [],
    passed: 0,
    taken: 0,
  };
  return { kind: 'paced', crowd, ratePerSecond } as const;
};

describe('the waiting room in the status', () => {
  it('has coarse numbers, so that it does not change each second', () => {
    const waiting = { citizens: 180_000, ratePerSecond: 1_900, longestSeconds: 120 };
    expect(waitingStatus(roomOf(184_220, 1_853))).toEqual(waiting);
    expect(waitingStatus(roomOf(182_367, 1_853))).toEqual(waiting);
  });

  it('is absent while no one waits, or that is unknown', () => {
    expect([waitingStatus(undefined), waitingStatus(roomOf(0.4, 100))]).toEqual([undefined, undefined]);
  });

  it('has no time while no one is served', () => {
    expect(waitingStatus(roomOf(10, 0))).toEqual({ citizens: 10, ratePerSecond: 0 });
  });

  it('is rounded up to days where the wait is long', () => {
    expect(waitingStatus(roomOf(100_000, 1))?.longestSeconds).toBe(172_800);
  });

  it('emits an event when the queue begins, and one when it is served', () => {
    const waiting = { citizens: 10, ratePerSecond: 5, longestSeconds: 10 };
    const reasons = (...states: Parameters<typeof waitingEvents>) =>
      waitingEvents(...states).map(({ reason }) => reason);
    expect(reasons(undefined, { waiting })).toEqual(['CitizensQueue']);
    expect(reasons({ waiting }, { waiting })).toEqual([]);
    expect(reasons({ waiting }, {})).toEqual(['QueueServed']);
    expect(reasons({}, {})).toEqual([]);
  });

  it('reads as a sentence', () => {
    expect(waitingRoomText({ citizens: 180_000, ratePerSecond: 1_900, longestSeconds: 120 })).toBe(
      'about 180,000 citizens wait; 1,900/s are served, the last in at most 2 min',
    );
    expect(waitingRoomText({ citizens: 10, ratePerSecond: 0 })).toBe('about 10 citizens wait; no one is served now');
  });
});

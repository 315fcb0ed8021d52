/** The loop that reads the operator's value, on a clock that moves only by calls. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WINDOW_MS } from '../../../app/outside/pace.ts';
import { keepShares, type ShareNow } from '../../../app/outside/read-shares.ts';
import { SHARE_READ_EVERY_MS, SHARE_VALID_MS } from '../../../contract/outside/outside.ts';
import type { ReadShares, SharesReading } from '../../../journal/live/outside-shares.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

let clock: FakeClock;
let read: ReadShares;
let shares: ShareNow;
let errors: string[];
let stop: AbortController;
let readings: number;

const gives = (bureau: number, of: Partial<SharesReading> = {}): SharesReading => ({
  shares: {
    v: 1,
    targets: { bureau: { perSecond: { 'pod-1': bureau, 'pod-2': 99 } }, other: { perSecond: { 'pod-1': 5 } } },
  },
  unprovenMs: 0,
  revision: 1,
  ...of,
});

beforeEach(async () => {
  clock = new FakeClock(1_000_000);
  errors = [];
  readings = 0;
  stop = new AbortController();
  read = async () => gives(10);
  shares = keepShares(
    {
      read: (signal) => {
        readings += 1;
        return read(signal);
      },
      podName: 'pod-1',
      targets: ['bureau', 'unnamed'],
      clock,
      onError: (error) => errors.push(String(error)),
    },
    stop.signal,
  );
  await clock.advance(0);
});
afterEach(() => stop.abort());

/** Past the window in which a raise does not count yet. */
const settled = (): Promise<void> => clock.advance(WINDOW_MS + SHARE_READ_EVERY_MS);

describe('the shares of a pod', () => {
  it('are those that the value gives to its name', async () => {
    expect(shares('bureau')).toBe(0);
    await settled();
    expect(shares('bureau')).toBe(10);
  });

  it('are none at once when the reading ends, because other lanes may have them', async () => {
    await settled();
    stop.abort();
    expect(shares('bureau')).toBe(0);
  });

  it.each(['unnamed', 'other', 'constructor', '__proto__'])('are none for %s', async (target) => {
    await settled();
    expect(shares(target)).toBe(0);
  });

  it('are read every second', async () => {
    await clock.advance(10_000);
    expect(readings).toBe(11);
  });

  it.each([
    ['without a value', gives(0, { shares: undefined, revision: 2 })],
    ['in a value that names no system', gives(0, { shares: { v: 1, targets: {} }, revision: 2 })],
    ['in a value that does not name the pod', gives(0, { shares: { v: 1, targets: { bureau: { perSecond: {} } } } })],
  ])('are none at once %s', async (_, reading) => {
    await settled();
    read = async () => reading;
    await clock.advance(SHARE_READ_EVERY_MS);
    expect(shares('bureau')).toBe(0);
  });

  it('outlive failed readings until the last good one expires, and each failure is told', async () => {
    await settled();
    read = () => Promise.reject(new Error('no leader'));
    await clock.advance(SHARE_READ_EVERY_MS);
    errors.length = 0;
    await clock.advance(SHARE_VALID_MS - SHARE_READ_EVERY_MS - 100);
    expect(shares('bureau')).toBe(10);
    await clock.advance(SHARE_READ_EVERY_MS);
    expect(shares('bureau')).toBe(0);
    expect(errors).toEqual(Array(errors.length).fill('Error: no leader'));
    expect(errors.length).toBeGreaterThan(3);
  });

  it('are read again after a reading without an answer, whose late answer counts for nothing', async () => {
    await settled();
    const late = Promise.withResolvers<SharesReading>();
    read = () => late.promise;
    await clock.advance(SHARE_READ_EVERY_MS * 3);
    read = async () => gives(3);
    await clock.advance(SHARE_READ_EVERY_MS - 100);
    expect(shares('bureau')).toBe(10);
    await clock.advance(100);
    expect(errors).toEqual(Array(3).fill('DeadlineError: no answer within 1000 ms'));
    expect(shares('bureau')).toBe(3);
    late.resolve(gives(50));
    await clock.advance(3_000);
    expect(shares('bureau')).toBe(3);
  });

  it('have expired in a process that was stopped, also by the reading that was under way', async () => {
    await settled();
    const late = Promise.withResolvers<SharesReading>();
    read = () => late.promise;
    await clock.advance(SHARE_READ_EVERY_MS);
    clock.jump(60_000);
    expect(shares('bureau')).toBe(0);
    late.resolve(gives(10));
    await clock.advance(0);
    expect(shares('bureau')).toBe(0);
    read = async () => gives(10);
    await clock.advance(SHARE_READ_EVERY_MS + WINDOW_MS);
    expect(shares('bureau')).toBe(10);
  });

  it('are as old as the leader’s contact with the others', async () => {
    await settled();
    read = async () => gives(10, { unprovenMs: 4_500 });
    await clock.advance(SHARE_READ_EVERY_MS);
    const lastGood = shares('bureau');
    read = () => Promise.reject(new Error('no leader'));
    await clock.advance(600);
    expect([lastGood, shares('bureau')]).toEqual([10, 0]);
  });

  it('are not renewed by an older value than one that was seen', async () => {
    read = async () => gives(10, { revision: 7 });
    await settled();
    read = async () => gives(90, { revision: 6 });
    await clock.advance(SHARE_VALID_MS + SHARE_READ_EVERY_MS);
    expect(shares('bureau')).toBe(0);
    expect(errors[0]).toContain('revision 6 of the shares is older than 7');
  });

  it('are taken from a new bucket once an old leader can no longer answer', async () => {
    read = async () => gives(10, { revision: 7 });
    await settled();
    read = async () => gives(20, { revision: 1 });
    await clock.advance(29_000);
    expect(shares('bureau')).toBe(0);
    await clock.advance(5_000);
    expect(shares('bureau')).toBe(20);
  });

  it('are no longer read after the signal, and expire', async () => {
    await settled();
    stop.abort();
    const before = readings;
    await clock.advance(SHARE_VALID_MS);
    expect(readings).toBe(before);
    expect(shares('bureau')).toBe(0);
    expect(clock.pending).toBe(0);
    expect(errors).toEqual([]);
  });
});

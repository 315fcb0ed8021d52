/** Holders of tickets in what the law sees: expected when they come, and never before. */
import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../app/http/errors.ts';
import { comesAgainAfter } from '../../../app/http/handlers.ts';
import { RecentArrivals } from '../../../app/http/recent-arrivals.ts';

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('a holder who comes', () => {
  it('is one arrival and one return of the same second, so that first attempts do not rise', () => {
    const recent = new RecentArrivals(() => 0);
    for (let ms = 0; ms < 1_000; ms += 10) {
      recent.arrived(ms);
      recent.cameBack(ms);
    }
    expect(sum(recent.tenths(1_000))).toBe(100);
    expect(sum(recent.halves(1_000))).toBe(100);
    expect(recent.returned(1_000)).toBe(100);
    expect(recent.dueBack(1_000)).toBe(0);
  });
});

describe('a refusal', () => {
  const limited = (members: Readonly<Record<string, unknown>>): ApiError =>
    new ApiError('ADMISSION_LIMITED', { retryAfterSeconds: 2, members });

  it.each([
    ['without a ticket expects the citizen', limited({}), 2],
    ['with a ticket expects no one: the operator counts tickets', limited({ ticket: 'x' }), undefined],
    ['of the closed queue expects no one', new ApiError('QUEUE_CLOSED', { retryAfterSeconds: 70 }), undefined],
    ['for lack of numbers expects the citizen', new ApiError('QUEUE_UNAVAILABLE', { retryAfterSeconds: 1 }), 1],
  ])('%s', (_, error, seconds) => {
    expect(comesAgainAfter(error)).toBe(seconds);
  });
});

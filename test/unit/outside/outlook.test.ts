import { describe, expect, it } from '@jest/globals';
import { outlookOf, outsideRate } from '../../../operator/outside/outlook.ts';
import { datesIn, nextDateMs } from '../../../runtime/zone-dates.ts';
import { aTarget, WALL_MS } from '../../helpers/outside.ts';

const at = (text: string): number => Date.parse(text);
const HOUR_MS = 3_600_000;

describe('The pace of outside systems', () => {
  it('is the sum of those of the lowest order that can be asked', () => {
    const [first, second, next] = [
      aTarget(),
      aTarget({ requestsPerSecond: 50 }),
      aTarget({ order: 2, requestsPerSecond: 20 }),
    ];
    expect(outsideRate([first, second, next])).toBe(150);
    expect(outsideRate([{ ...first, state: 'failing' }, second, next])).toBe(50);
    expect(outsideRate([{ ...first, state: 'failing' }, { ...second, state: 'quota' }, next])).toBe(20);
    expect(outsideRate([{ ...first, state: 'refused' }])).toBe(0);
  });

  it('tells when what waits is done: 3,013,200 at 93 of 100/s in 9 h', () => {
    expect(outlookOf([aTarget()], 3_013_200, WALL_MS)).toEqual({ perSecond: 100, doneAtMs: WALL_MS + 9 * HOUR_MS });
  });

  it('spreads over days with a quota: 1,000,000 a day from 10:00, the rest on the fourth day at 00:40', () => {
    const { doneAtMs = 0 } = outlookOf([aTarget({ requestsPerDay: 1_000_000 })], 3_223_200, WALL_MS);
    expect(new Date(Math.round(doneAtMs / 1000) * 1000).toISOString()).toBe('2027-03-03T16:40:00.000Z');
  });

  it('goes on with the next order while the first has no requests left', () => {
    const targets = [
      { ...aTarget({ requestsPerDay: 1_000 }), leftToday: 0, state: 'quota' as const },
      aTarget({ order: 2, requestsPerSecond: 10 }),
    ];
    expect(outlookOf(targets, 558, WALL_MS)).toEqual({ perSecond: 10, doneAtMs: WALL_MS + 60_000 });
  });

  it('begins again at the next day of the provider when its quota is used up', () => {
    const target = { ...aTarget({ requestsPerDay: 1_000 }), state: 'quota' as const, leftToday: 0 };
    const resumesAtMs = at('2027-03-01T16:00:00Z');
    expect(outlookOf([target], 465, WALL_MS)).toEqual({ perSecond: 0, resumesAtMs, doneAtMs: resumesAtMs + 5_000 });
  });

  it('has no end while the only provider is stopped', () => {
    expect(outlookOf([{ ...aTarget(), state: 'refused' }], 500, WALL_MS)).toEqual({ perSecond: 0 });
  });

  it('has no end when 60 days do not suffice', () => {
    expect(outlookOf([aTarget({ requestsPerDay: 10 })], 1_000_000, WALL_MS)).toEqual({ perSecond: 100 });
  });
});

describe('The day of an outside system', () => {
  it('begins at midnight in its time zone', () => {
    expect(datesIn('Asia/Shanghai')(at('2027-03-01T15:59:59.999Z'))).toBe('2027-03-01');
    expect(datesIn('Asia/Shanghai')(at('2027-03-01T16:00:00Z'))).toBe('2027-03-02');
    expect(nextDateMs(datesIn('Asia/Shanghai'), at('2027-03-01T15:59:59.500Z'))).toBe(at('2027-03-01T16:00:00Z'));
    expect(nextDateMs(datesIn('Asia/Shanghai'), at('2027-03-01T16:00:00Z'))).toBe(at('2027-03-02T16:00:00Z'));
  });

  it('has 23 or 25 hours where clocks change', () => {
    expect(nextDateMs(datesIn('Europe/Berlin'), at('2027-03-27T23:00:00Z'))).toBe(at('2027-03-28T22:00:00Z'));
    expect(nextDateMs(datesIn('Europe/Berlin'), at('2027-10-30T22:00:00Z'))).toBe(at('2027-10-31T23:00:00Z'));
  });
});

/** Until when a system is not asked that has used up its daily quota, around changes of clocks and date lines. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quotaEndMs } from '../../../app/outside/quota-day.ts';
import { datesIn } from '../../../runtime/zone-dates.ts';

const end = (timeZone: string, at: string): string =>
  new Date(quotaEndMs(datesIn(timeZone), Date.parse(at))).toISOString();

describe('a quota that is used up', () => {
  const cases: Readonly<Record<string, readonly [string, string, string]>> = {
    'ends a few seconds after the next midnight': ['Asia/Shanghai', '2020-09-25T13:00:00Z', '2020-09-25T16:00:10.000Z'],
    'ends in the provider’s day, not in ours': ['America/New_York', '2020-09-25T03:59:00Z', '2020-09-25T04:00:10.000Z'],
    'is asked about again in a minute just after midnight': [
      'Asia/Shanghai',
      '2020-09-24T16:00:03Z',
      '2020-09-24T16:01:03.000Z',
    ],
    'counts for the whole day from five minutes after midnight on': [
      'Asia/Shanghai',
      '2020-09-24T16:05:00Z',
      '2020-09-25T16:00:10.000Z',
    ],
    'ends after a day of 23 hours': ['Europe/Berlin', '2020-03-29T00:30:00Z', '2020-03-29T22:00:10.000Z'],
    'ends after a day of 25 hours': ['Europe/Berlin', '2020-10-24T23:00:00Z', '2020-10-25T23:00:10.000Z'],
    'ends at one o’clock where midnight is left out': [
      'Africa/Cairo',
      '2024-04-25T20:00:00Z',
      '2024-04-25T22:00:10.000Z',
    ],
    'ends at the first of two midnights': ['America/Havana', '2020-10-31T20:00:00Z', '2020-11-01T04:00:10.000Z'],
    'ends where a day is left out': ['Pacific/Apia', '2011-12-30T08:00:00Z', '2011-12-30T10:00:10.000Z'],
    'ends early east of the date line': ['Pacific/Kiritimati', '2020-09-25T09:00:00Z', '2020-09-25T10:00:10.000Z'],
    'ends late west of the date line': ['Pacific/Pago_Pago', '2020-09-25T10:00:00Z', '2020-09-25T11:00:10.000Z'],
    'ends in a zone of three quarters of an hour': [
      'Asia/Kathmandu',
      '2020-09-25T10:00:00Z',
      '2020-09-25T18:15:10.000Z',
    ],
    'ends at the turn of the year': ['Asia/Shanghai', '2020-12-31T10:00:00Z', '2020-12-31T16:00:10.000Z'],
  };
  it.each(Object.entries(cases))('%s', (_, [timeZone, at, expected]) => {
    expect(end(timeZone, at)).toBe(expected);
  });

  it('ends in the future, within two days, and on a later date, in every zone', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const from = Date.parse('2020-01-01T00:00:00Z');
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 4 * 366 * 86_400_000 }), (zone, ms) => {
        const dateOf = datesIn(zone);
        const endMs = quotaEndMs(dateOf, from + ms);
        expect(endMs).toBeGreaterThan(from + ms);
        expect(endMs - from - ms).toBeLessThan(26 * 3_600_000);
        if (endMs - from - ms !== 60_000) expect(dateOf(endMs) > dateOf(from + ms)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('ends as in Shanghai in a zone that is not known', () => {
    expect(end('Asia/Chengdu', '2020-09-25T13:00:00Z')).toBe('2020-09-25T16:00:10.000Z');
  });
});

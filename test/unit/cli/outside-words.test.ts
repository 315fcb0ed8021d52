import { describe, expect, it } from '@jest/globals';
import { paceText } from '../../../cli/status/outside-words.ts';
import { zoneOf } from '../../../cli/times.ts';

const ZONE = zoneOf('2027-03-01T10:00:00+08:00');
const NOW_MS = Date.parse('2027-03-01T10:20:00+08:00');
const at = (text: string): string => new Date(text).toISOString();

describe('The pace of providers, in words', () => {
  const cases: Record<string, { outside: Parameters<typeof paceText>[0]; says: string }> = {
    'done today': {
      outside: { perSecond: 100, doneAt: at('2027-03-01T19:20:00+08:00') },
      says: 'at 100/s, done in about 9 h, by 19:20',
    },
    'done soon': {
      outside: { perSecond: 100, doneAt: at('2027-03-01T10:21:00+08:00') },
      says: 'at 100/s, done in about 1 min, by 10:21',
    },
    'done on another day': {
      outside: { perSecond: 1_500, doneAt: at('2027-03-04T00:40:00+08:00') },
      says: 'at 1,500/s, done in about 3 d, by 2027-03-04 00:40',
    },
    'done much later': { outside: { perSecond: 1 }, says: 'at 1/s, done later than in 60 days' },
    'out of quota': {
      outside: { perSecond: 0, resumesAt: at('2027-03-02T00:00:00+08:00'), doneAt: at('2027-03-02T06:20:00+08:00') },
      says: 'no provider can be asked; resumes at 2027-03-02 00:00, done in about 20 h, by 2027-03-02 06:20',
    },
    stopped: {
      outside: { perSecond: 0 },
      says: 'no provider can be asked: the condition ProvidersReachable says why',
    },
  };
  it.each(Object.entries(cases))('%s', (_, { outside, says }) => {
    expect(paceText(outside, ZONE, NOW_MS)).toBe(says);
  });
});

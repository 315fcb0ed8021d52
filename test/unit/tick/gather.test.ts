import { describe, expect, it } from '@jest/globals';
import { agedReadings } from '../../../operator/tick/gather.ts';
import { freshReadings } from '../../helpers/observed.ts';

describe('agedReadings', () => {
  it('keeps the values and their time, and calls them stale', () => {
    const { arrivals, backlog } = agedReadings(freshReadings(5, { arrivals: 70, backlog: 9 }));
    expect(arrivals).toMatchObject({ kind: 'stale', atMs: 5, value: { over3s: 70 } });
    expect(backlog.records).toMatchObject({ kind: 'stale', atMs: 5, value: { messages: 9 } });
  });

  it('ages what is told beside arrivals, too', () => {
    const last = {
      ...freshReadings(5),
      attemptedPerSecond: { kind: 'fresh', value: 200, atMs: 5 },
      dueBack: { kind: 'fresh', value: { citizens: 300, perSecond: 120 }, atMs: 5 },
    } as const;
    expect(agedReadings(last)).toMatchObject({
      attemptedPerSecond: { kind: 'stale', value: 200 },
      dueBack: { kind: 'stale', value: { citizens: 300 } },
    });
  });

  it('is absent, never zero, when nothing was ever read', () => {
    expect(agedReadings(undefined)).toEqual({ arrivals: { kind: 'absent' }, backlog: {} });
  });
});

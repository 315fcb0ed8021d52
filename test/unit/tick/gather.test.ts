import { describe, expect, it } from '@jest/globals';
import { agedReadings } from '../../../operator/tick/gather.ts';
import { freshReadings } from '../../helpers/observed.ts';

describe('agedReadings', () => {
  it('keeps the values and their time, and calls them stale', () => {
    const { arrivals, backlog } = agedReadings(freshReadings(5, { arrivals: 70, backlog: 9 }));
    expect(arrivals).toMatchObject({ kind: 'stale', atMs: 5, value: { over3s: 70 } });
    expect(backlog.records).toMatchObject({ kind: 'stale', atMs: 5, value: { messages: 9 } });
  });

  it('is absent, never zero, when nothing was ever read', () => {
    expect(agedReadings(undefined)).toEqual({ arrivals: { kind: 'absent' }, backlog: {} });
  });
});

import { describe, expect, it } from '@jest/globals';
import { isBelievable, type JournalCounts, journalRates, remembered } from '../../../operator/signals/journal-rates.ts';

const SECOND_MS = 1_000;
const at = (second: number, enqueued: number, workedOff: number): JournalCounts => ({
  atMs: second * SECOND_MS,
  enqueued,
  workedOff,
});
const after = (...counts: readonly JournalCounts[]) =>
  journalRates(counts.reduce<readonly JournalCounts[]>((known, newest) => remembered(known, newest), []));

describe('journalRates', () => {
  it.each<[string, readonly JournalCounts[], ReturnType<typeof journalRates>]>([
    ['nothing of one count', [at(0, 10, 10)], undefined],
    [
      'the last three seconds',
      [0, 1, 2, 3, 4, 5].map((s) => at(s, s * s, s)),
      { enqueuedPerSecond: 7, workedOffPerSecond: 1 },
    ],
    ['ten seconds of an idle campaign', [at(0, 0, 0), at(10, 50, 20)], { enqueuedPerSecond: 5, workedOffPerSecond: 2 }],
    [
      'nothing taken back by a worker that died',
      [at(0, 100, 100), at(1, 100, 90)],
      { enqueuedPerSecond: 0, workedOffPerSecond: 0 },
    ],
    ['nothing of a journal that was made anew', [at(0, 100, 100), at(1, 3, 0)], undefined],
    ['nothing of a clock that went back', [at(5, 100, 100), at(4, 101, 101)], undefined],
  ])('%s', (_, counts, want) => {
    expect(after(...counts)).toEqual(want);
  });
});

describe('isBelievable', () => {
  it.each([
    [0, 0, true],
    [0, 0.6, true],
    [0, 80, false],
    [30, 80, false],
    [75, 80, true],
    [8_000, 3_000, true],
  ])('%d/s told, %d/s stored: %s', (told, stored, want) => {
    expect(isBelievable(told, stored)).toBe(want);
  });
});

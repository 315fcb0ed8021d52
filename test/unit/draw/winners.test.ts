import { randomFillSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { setBit } from '../../../app/draw/bitmap.ts';
import { ENTRY_BYTES } from '../../../app/draw/entry.ts';
import { sortEntries } from '../../../app/draw/sort-entries.ts';
import { createWinners } from '../../../app/draw/winners.ts';

const drawingOf = (n: number, isWinner: (index: number) => boolean, waiting: readonly number[]) => {
  const entries = Buffer.from(new ArrayBuffer(n * ENTRY_BYTES));
  randomFillSync(entries);
  sortEntries(entries);
  const entryAt = (index: number) => entries.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
  const bitmap = Buffer.alloc(Math.ceil(n / 8));
  let winners = 0;
  for (let index = 0; index < n; index += 1) {
    if (!isWinner(index)) continue;
    setBit(bitmap, index);
    winners += 1;
  }
  const waitlist = Buffer.alloc(waiting.length * ENTRY_BYTES);
  for (const [place, index] of waiting.entries()) entryAt(index).copy(waitlist, place * ENTRY_BYTES);
  const drawing = { seed: '', cutoff: '', winners, waitlisted: waiting.length, bitmap, waitlist, resultDigest: '' };
  return { entries, entryAt, drawing };
};

it('gives every place once', () => {
  const { entries, entryAt, drawing } = drawingOf(40, (index) => index % 3 === 0, [17, 1, 38, 5]);
  const winners = createWinners();
  winners.add('dinner', entries, drawing);
  expect(winners.left()).toBe(18);
  expect(winners.take(entryAt(39))).toEqual({ voucher: 'dinner', type: 'won' });
  expect(winners.take(entryAt(17))).toEqual({ voucher: 'dinner', type: 'waitlisted', place: 1 });
  expect(winners.take(entryAt(5))).toEqual({ voucher: 'dinner', type: 'waitlisted', place: 4 });
  expect([winners.take(entryAt(5)), winners.take(entryAt(39)), winners.take(entryAt(2))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(winners.left()).toBe(15);
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
/** Of the heap, without what the next collection frees. */
const keptBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

// The Job's heap has 256 MiB; 2 million places in a Map did not fit, and after `sourced` nothing else may be drawn.
it('keeps the waiting list outside the heap', () => {
  const n = 400_000;
  const { entries, entryAt, drawing } = drawingOf(
    n,
    () => false,
    Array.from({ length: n }, (_, place) => n - 1 - place),
  );
  const winners = createWinners();
  const before = keptBytes();
  winners.add('dinner', entries, drawing);
  expect((keptBytes() - before) / n).toBeLessThan(10);
  expect(winners.take(entryAt(0))).toMatchObject({ place: n });
});

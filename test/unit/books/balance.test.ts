import { describe, expect, it } from '@jest/globals';
import type { BookFact, FactTotal, StockReading } from '../../../contract/outside/books.ts';
import {
  afterLook,
  type BooksLook,
  type BooksMemory,
  NO_BOOKS,
  stoppedByBooks,
} from '../../../operator/books/balance.ts';

const START_MS = Date.parse('2020-10-01T00:00:00Z');

const total = (fact: BookFact, receipts: number): FactTotal => ({
  fact,
  voucher: 'dining',
  channel: fact === 'won' || fact === 'waiting' ? '' : 'wechat',
  receipts,
});

interface Second {
  readonly issued: number;
  readonly open?: number;
  readonly waiting?: number;
  readonly unexplained?: number;
  /** The channel's number; read when it is stated. */
  readonly theirs?: number | undefined;
  readonly lagSeconds?: number;
}

const lookAt = (second: number, of: Second, isQueryFirst: boolean): BooksLook => {
  const atMs = START_MS + second * 1_000;
  const { issued, open = 0, waiting = 0, unexplained = 0, theirs, lagSeconds = 0 } = of;
  const stock: StockReading = {
    channel: 'wechat',
    voucher: 'dining',
    atMs,
    ...(theirs === undefined ? {} : { issued: theirs }),
  };
  return {
    facts: {
      atMs,
      totals: [
        total('issued', issued),
        total('issuing', open),
        total('waiting', waiting),
        ...(unexplained > 0 ? [total('unexplained', unexplained)] : []),
      ],
    },
    stocks: theirs === undefined ? [] : [stock],
    backlog: lagSeconds === 0 ? { messages: 0, atMs } : { messages: 5, oldestSeconds: lagSeconds, atMs },
    isQueryFirst,
  };
};

/** A look each second. */
const watch = (seconds: number, of: (second: number) => Second, isQueryFirst = false): BooksMemory => {
  let memory = NO_BOOKS;
  for (let second = 0; second < seconds; second += 1)
    memory = afterLook(memory, lookAt(second, of(second), isQueryFirst));
  return memory;
};
const checkOf = ({ checks }: BooksMemory) => checks['wechat dining'];
const eachMinute = (second: number, theirs: number): number | undefined => (second % 60 === 30 ? theirs : undefined);

describe('the balance of database and channel', () => {
  it('agrees while vouchers are issued, although the numbers are never of one instant', () => {
    // 100 a second; the database follows 3 s later, and the requests of one second are open.
    const memory = watch(200, (second) => ({
      issued: Math.max(0, second - 3) * 100,
      open: 400,
      lagSeconds: 3,
      theirs: eachMinute(second, second * 100),
    }));
    expect(checkOf(memory)).toMatchObject({ result: 'agrees', atMs: START_MS + 150_000, isConfirmed: false });
    expect(stoppedByBooks(memory)).toEqual([]);
  });

  it.each<readonly [string, number, string]>([
    ['one voucher too many at the channel', 1_001, 'moreThere'],
    ['one voucher too few at the channel', 999, 'moreHere'],
  ])('finds %s, and stops it once a second reading shows it', (_, theirs, result) => {
    const of = (second: number): Second => ({ issued: 1_000, theirs: eachMinute(second, theirs) });
    expect(checkOf(watch(60, of))).toMatchObject({ result, theirs, issued: 1_000, isConfirmed: false });
    expect(stoppedByBooks(watch(60, of))).toEqual([]);
    expect(checkOf(watch(110, of))).toMatchObject({ result, isConfirmed: true });
    expect(stoppedByBooks(watch(110, of))).toEqual(['wechat']);
  });

  it('starts the channel again when the numbers agree', () => {
    const memory = watch(180, (second) => ({ issued: 1_000, theirs: eachMinute(second, second < 120 ? 999 : 1_000) }));
    expect(stoppedByBooks(memory)).toEqual([]);
  });

  it('permits as many more at the channel as requests are open', () => {
    const of = (theirs: number) => (second: number) => ({ issued: 1_000, open: 5, theirs: eachMinute(second, theirs) });
    expect(checkOf(watch(60, of(1_005)))?.result).toBe('agrees');
    expect(checkOf(watch(60, of(1_006)))?.result).toBe('moreThere');
  });

  it('counts winners without a request as open where requests may be lost from the journal', () => {
    const of = (second: number) => ({ issued: 10, waiting: 7, theirs: eachMinute(second, 17) });
    expect(checkOf(watch(60, of))?.result).toBe('moreThere');
    expect(checkOf(watch(60, of, true))?.result).toBe('agrees');
  });

  it('waits for a database that is behind', () => {
    const memory = watch(120, (second) => ({ issued: 0, lagSeconds: second + 1, theirs: eachMinute(second, 1_000) }));
    expect(checkOf(memory)).toBeUndefined();
  });

  it('says nothing of a channel that does not tell its number, or before the database was read', () => {
    expect(checkOf(watch(200, () => ({ issued: 5 })))).toBeUndefined();
    expect(checkOf(watch(20, (second) => ({ issued: 5, theirs: second === 0 ? 4 : undefined })))).toBeUndefined();
  });

  it('reports facts without a cause after a minute, and stops their channel', () => {
    const of = (second: number): Second => ({ issued: 3, unexplained: second >= 20 ? 2 : 0 });
    expect(watch(70, of).unexplained).toMatchObject([{ channel: 'wechat', facts: 2, isConfirmed: false }]);
    expect(stoppedByBooks(watch(100, of))).toEqual(['wechat']);
    expect(watch(200, (second) => ({ issued: 3, unexplained: second < 30 ? 2 : 0 })).unexplained).toEqual([]);
  });

  it('remembers a bounded number of readings', () => {
    const memory = watch(3_000, () => ({ issued: 1 }));
    expect(memory.ours.length).toBeLessThan(130);
    expect(memory.caughtUp.length).toBeLessThan(65);
  });
});

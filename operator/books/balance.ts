/**
 * Whether the database counts as many vouchers as the channels. Pure; times are wall-clock milliseconds.
 *
 * The counts of the database (`ours`) and a channel's number of issued vouchers (`theirs`) are never read at the same instant, and requests
 * are under way. So each reading of a stock at time t is compared with two readings of the database:
 *
 * | reading of the database                              | must hold |
 * |------------------------------------------------------|-----------|
 * | the last one before t − 30 s                         | issued ≤ theirs |
 * | the first one that contains all facts before t + 10 s | theirs ≤ issued + open requests |
 *
 * When no request is open, this is equality. t is the time at which a pod had read all stocks of the channel, one after the other,
 * which takes seconds. 10 s are more than the clocks differ. The backlog of the records tier says when the oldest message
 * that is not in the database was stored. The database contains all facts from before that time.
 *
 * If requests may be lost from the journal (queryFirst: it was restored, or the stock was used before), a winner without a request may
 * have a voucher already, so those count as open.
 *
 * A difference counts when two readings of the stock in a row, 30 s apart or more, have shown it: channels count late. Facts without a
 * cause (`unexplained`) count when they have been there for a minute, because facts of one receipt are committed in any order.
 *
 * Worked example: 1,200 issued and 6 open in the database, 1,203 at the channel: agrees. 1,207 at the channel: one too many there.
 */

import type { Channel } from '../../contract/envelope.ts';
import type { BookFact, FactsReport, FactTotal, StockReading } from '../../contract/outside/books.ts';

const BEFORE_MS = 30_000;
const AFTER_MS = 10_000;
const CONFIRM_STOCK_MS = 30_000;
const CONFIRM_FACTS_MS = 60_000;
/** Readings are kept at this distance, for so long. */
const READING_EVERY_MS = 5_000;
const KEPT_FOR_MS = 10 * 60_000;
const CAUGHT_UP_FOR_MS = 60_000;

interface Ours extends FactsReport {
  /** It contains every fact that was stored before. Undefined: unknown. */
  readonly completeToMs: number | undefined;
}

/** A number of a channel that was compared. */
export interface StockCheck {
  readonly channel: Channel;
  readonly voucher: string;
  /** When the stock was read. */
  readonly atMs: number;
  readonly theirs: number;
  /** Issued in the database. For `moreHere` the count from before the stock was read, otherwise the one from after. */
  readonly issued: number;
  /** Requests whose outcome was not known. */
  readonly open: number;
  readonly result: 'agrees' | 'moreHere' | 'moreThere';
  /** Of a difference: the time of the first reading that showed it. */
  readonly sinceMs?: number;
  readonly isConfirmed: boolean;
}

export interface Unexplained {
  readonly channel: Channel | '';
  readonly voucher: string;
  readonly facts: number;
  readonly sinceMs: number;
  readonly isConfirmed: boolean;
}

export interface BooksMemory {
  /** Oldest first. */
  readonly ours: readonly Ours[];
  /** When the backlog was read, and up to where the database was complete then. */
  readonly caughtUp: readonly { readonly atMs: number; readonly completeToMs: number }[];
  /** By channel and voucher: a reading that waits for a later one of the database. */
  readonly pending: Readonly<Record<string, StockReading>>;
  readonly checks: Readonly<Record<string, StockCheck>>;
  readonly unexplained: readonly Unexplained[];
}

export const NO_BOOKS: BooksMemory = { ours: [], caughtUp: [], pending: {}, checks: {}, unexplained: [] };

/** What one tick read. */
export interface BooksLook {
  readonly facts: FactsReport | undefined;
  readonly stocks: readonly StockReading[];
  /** Of the records tier. Undefined: unknown. `oldestSeconds` is absent where nothing waits, or where its age is unknown. */
  readonly backlog: { readonly messages: number; readonly oldestSeconds?: number; readonly atMs: number } | undefined;
  readonly isQueryFirst: boolean;
}

export const stockKey = ({ channel, voucher }: Pick<StockReading, 'channel' | 'voucher'>): string =>
  `${channel} ${voucher}`;

export const sumOf = (
  totals: readonly FactTotal[],
  fact: BookFact,
  of: Partial<Pick<FactTotal, 'voucher' | 'channel'>> = {},
): number =>
  totals
    .filter(
      (one) =>
        one.fact === fact &&
        (of.voucher === undefined || one.voucher === of.voucher) &&
        (of.channel === undefined || one.channel === of.channel),
    )
    .reduce((sum, { receipts }) => sum + receipts, 0);

const withBacklog = ({ caughtUp }: BooksMemory, backlog: BooksLook['backlog']): BooksMemory['caughtUp'] => {
  if (backlog === undefined || caughtUp.at(-1)?.atMs === backlog.atMs) return caughtUp;
  const { messages, oldestSeconds, atMs } = backlog;
  if (messages > 0 && oldestSeconds === undefined) return caughtUp;
  const completeToMs = atMs - (messages === 0 ? 0 : (oldestSeconds ?? 0) * 1_000);
  return [...caughtUp.filter((one) => one.atMs > atMs - CAUGHT_UP_FOR_MS), { atMs, completeToMs }];
};

const withFacts = (
  { ours }: BooksMemory,
  facts: FactsReport | undefined,
  caughtUp: BooksMemory['caughtUp'],
): readonly Ours[] => {
  const last = ours.at(-1);
  if (facts === undefined || (last !== undefined && facts.atMs < last.atMs + READING_EVERY_MS)) return ours;
  const before = caughtUp.filter(({ atMs }) => atMs <= facts.atMs).map(({ completeToMs }) => completeToMs);
  const completeToMs = before.length === 0 ? undefined : Math.max(...before);
  return [...ours.filter(({ atMs }) => atMs > facts.atMs - KEPT_FOR_MS), { ...facts, completeToMs }];
};

type Judged =
  | { readonly kind: 'judged'; readonly check: Pick<StockCheck, 'theirs' | 'issued' | 'open' | 'result'> }
  /** A later reading of the database decides. */
  | { readonly kind: 'waits' }
  /** There is no reading of the database from before it, or the channel does not tell its number. */
  | { readonly kind: 'useless' };

const judge = (
  { channel, voucher, issued: theirs, atMs }: StockReading,
  ours: readonly Ours[],
  isQueryFirst: boolean,
): Judged => {
  const earlier = ours.findLast((one) => one.atMs <= atMs - BEFORE_MS);
  if (theirs === undefined || earlier === undefined) return { kind: 'useless' };
  const of = (totals: readonly FactTotal[]) => ({
    issued: sumOf(totals, 'issued', { channel, voucher }),
    open: sumOf(totals, 'issuing', { channel, voucher }) + (isQueryFirst ? sumOf(totals, 'waiting', { voucher }) : 0),
  });
  const before = of(earlier.totals);
  if (before.issued > theirs) return { kind: 'judged', check: { ...before, theirs, result: 'moreHere' } };
  const later = ours.find(({ completeToMs = Number.NEGATIVE_INFINITY }) => completeToMs >= atMs + AFTER_MS);
  if (later === undefined) return { kind: 'waits' };
  const after = of(later.totals);
  const result = theirs > after.issued + after.open ? 'moreThere' : 'agrees';
  return { kind: 'judged', check: { ...after, theirs, result } };
};

const checkOf = (
  { channel, voucher, atMs }: StockReading,
  found: Pick<StockCheck, 'theirs' | 'issued' | 'open' | 'result'>,
  before: StockCheck | undefined,
): StockCheck => {
  if (found.result === 'agrees') return { channel, voucher, atMs, ...found, isConfirmed: false };
  const sinceMs = before?.sinceMs ?? atMs;
  return { channel, voucher, atMs, ...found, sinceMs, isConfirmed: atMs - sinceMs >= CONFIRM_STOCK_MS };
};

const unexplainedOf = (ours: readonly Ours[], before: readonly Unexplained[]): readonly Unexplained[] => {
  const last = ours.at(-1);
  if (last === undefined) return [];
  return last.totals
    .filter(({ fact }) => fact === 'unexplained')
    .map(({ channel, voucher, receipts: facts }) => {
      const known = before.find((one) => one.channel === channel && one.voucher === voucher);
      const sinceMs = known?.sinceMs ?? last.atMs;
      return { channel, voucher, facts, sinceMs, isConfirmed: last.atMs - sinceMs >= CONFIRM_FACTS_MS };
    });
};

export const afterLook = (memory: BooksMemory, look: BooksLook): BooksMemory => {
  const caughtUp = withBacklog(memory, look.backlog);
  const ours = withFacts(memory, look.facts, caughtUp);
  const pending = { ...memory.pending };
  const checks = { ...memory.checks };
  for (const reading of look.stocks) {
    const key = stockKey(reading);
    // A reading that waits is kept. With many pods, a newer one would replace it each second.
    if (pending[key] === undefined && reading.atMs > (checks[key]?.atMs ?? 0)) pending[key] = reading;
  }
  for (const [key, reading] of Object.entries(pending)) {
    const judged = judge(reading, ours, look.isQueryFirst);
    if (judged.kind === 'waits') continue;
    if (judged.kind === 'judged') checks[key] = checkOf(reading, judged.check, checks[key]);
    delete pending[key];
  }
  const unexplained = ours === memory.ours ? memory.unexplained : unexplainedOf(ours, memory.unexplained);
  return { ours, caughtUp, pending, checks, unexplained };
};

/** Channels that are stopped, because their books differ from ours. */
export const stoppedByBooks = ({ checks, unexplained }: BooksMemory): readonly Channel[] => {
  const differing = [...Object.values(checks), ...unexplained].filter(({ isConfirmed }) => isConfirmed);
  return [...new Set(differing.flatMap(({ channel }) => (channel === '' ? [] : [channel])))].toSorted();
};

/**
 * From events to the entries of each voucher. Events may be repeated and arrive in any order and shard: a row of a receipt is a join
 * (earliest copy of the registration, highest-ranking fact), so every replay up to the same barriers gives the same lists.
 *
 * Of one person one receipt counts (contract/winner.ts): the one of the lowest class, then the earliest accepted. The person's other
 * receipts have no entry. A receipt's class and whether it is in follow from its highest-ranking fact, as the column "the draw" of
 * app/core/projection.ts says:
 *
 * | its highest fact        | `exclude` | `enter`, `unchecked` | why                                                     |
 * |-------------------------|-----------|----------------------|---------------------------------------------------------|
 * | received                | out       | in                   | without a verdict                                       |
 * | manual_review, rejected | out       | out                  | a verdict, against it or open                           |
 * | corrected               | out       | in                   | was rejected; the correction has no verdict yet         |
 * | verified                | in        | in                   |                                                         |
 * | withdrawn, merged       | out       | out                  | the citizen's will; another receipt is valid instead    |
 * | erased                  | out       | out                  | beats all                                               |
 *
 * A person who won in an earlier campaign that the freeze names, and would enter, is left out and counted.
 *
 * Facts of the draw and of what follows it (entered, won, issued, …) can't be true before there is a list, and count for nothing.
 * Canaries and rehearsals are no citizens. A fact without its registration has no entry.
 *
 * Copies of one receipt that were accepted in the same millisecond and name different vouchers: the first voucher in bytes counts.
 */
import type { Frozen } from '../../contract/decisions/control.ts';
import { EXCLUDED_BYTES, hasHash } from '../../contract/decisions/exclusion.ts';
import { type EventEnvelope, type EventType, FACTS_BEFORE_FREEZE } from '../../contract/envelope.ts';
import { canBeSuperseded, classOf, entersDraw } from '../../contract/winner.ts';
import { rankOf, typeOfRank } from '../core/projection.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { createEntryWriter, ENTRY_BYTES } from './entry.ts';
import { createRows, type Rows } from './receipt-rows.ts';
import { RECEIPT_WORDS, readReceipt } from './receipt-words.ts';
import { sortEntries } from './sort-entries.ts';

export interface VoucherEntries {
  readonly voucher: string;
  /** entries.bin: 32 bytes each, sorted bytewise, none twice. */
  readonly entries: Buffer;
}

export interface EntryCounts {
  /** People with a registration. */
  readonly people: number;
  /** Receipts that citizens are shown as superseded, because another one of the person counts. */
  readonly superseded: number;
  /** Rejected, withdrawn, merged and erased ones beside the one that counts. */
  readonly ended: number;
  /** Of each person's receipt that counts, by its highest fact, in or out. */
  readonly byFact: Readonly<Record<string, number>>;
  /** People who would be in, and won in an earlier campaign. */
  readonly excluded: number;
}

const COUNTED: readonly EventType[] = ['received', ...FACTS_BEFORE_FREEZE];
/** `spec.vouchers` has far fewer. */
const MOST_VOUCHERS = 65_535;

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Whether the claim of one row beats the other's, as `beats` of contract/winner.ts says. */
const beatsIn =
  ({ columns: { acceptedAt, receipts } }: Rows) =>
  (row: number, other: number): boolean => {
    const byTime = (acceptedAt[row] ?? 0) - (acceptedAt[other] ?? 0);
    if (byTime !== 0) return byTime < 0;
    for (let word = 0; word < RECEIPT_WORDS; word += 1) {
      const [a, b] = [receipts[row * RECEIPT_WORDS + word] ?? 0, receipts[other * RECEIPT_WORDS + word] ?? 0];
      if (a !== b) return a < b;
    }
    return false;
  };

/** Of each row 1 where its person is in one of these lists. Before the rows are counted, which frees the hashes of citizens. */
const excludedIn = ({ columns: { citizens }, size }: Rows, lists: readonly Buffer[]): Uint8Array => {
  const excluded = new Uint8Array(size());
  const hash = Buffer.alloc(EXCLUDED_BYTES);
  for (let row = 0; row < excluded.length && lists.length > 0; row += 1) {
    for (let word = 0; word < 4; word += 1) hash.writeUInt32BE(citizens[row * 4 + word] ?? 0, word * 4);
    if (lists.some((list) => hasHash(list, hash))) excluded[row] = 1;
  }
  return excluded;
};

/** The highest-ranking fact of a row. Few ranks differ. */
const factIn = ({ columns: { ranks } }: Rows): ((row: number) => EventType) => {
  const facts = new Map<number, EventType>();
  return (row) => {
    const rank = ranks[row] ?? 0;
    const fact = facts.get(rank) ?? typeOfRank(rank) ?? 'received';
    facts.set(rank, fact);
    return fact;
  };
};

/** @param mostReceipts at least as many as there are; the number of messages does */
export const createEntries = (mostReceipts: number) => {
  const rows = createRows(mostReceipts);
  const { columns } = rows;
  const vouchers: string[] = [];
  const numbers = new Map<string, number>();
  const receipt = new Uint32Array(RECEIPT_WORDS);

  const numberOf = (voucher: string): number => {
    const known = numbers.get(voucher);
    if (known !== undefined) return known;
    if (vouchers.length === MOST_VOUCHERS) throw new RangeError(`more than ${MOST_VOUCHERS} vouchers`);
    vouchers.push(voucher);
    numbers.set(voucher, vouchers.length);
    return vouchers.length;
  };

  const addRegistration = (row: number, { at, citizenHash, data }: EventEnvelope): void => {
    const acceptedAt = Date.parse(at);
    const voucher = String(data['category']);
    const known = vouchers[(columns.vouchers[row] ?? 0) - 1];
    const knownAt = columns.acceptedAt[row] ?? 0;
    if (known !== undefined && (knownAt < acceptedAt || (knownAt === acceptedAt && inBytes(known, voucher) <= 0)))
      return;
    columns.acceptedAt[row] = acceptedAt;
    columns.vouchers[row] = numberOf(voucher);
    for (let word = 0; word < 4; word += 1) {
      columns.citizens[row * 4 + word] = Number.parseInt(citizenHash.slice(word * 8, word * 8 + 8), 16);
    }
  };

  return {
    /**
     * A decoded event (app/records/decode.ts).
     * @returns whether it counts: a receipt that is no receipt number of this product does not
     */
    add(event: EventEnvelope): boolean {
      if (event.kind !== 'citizen' || !COUNTED.includes(event.type) || !readReceipt(event.receipt, receipt))
        return false;
      const row = rows.rowOf(receipt);
      columns.ranks[row] = Math.max(columns.ranks[row] ?? 0, rankOf(event));
      if (event.type === 'received') addRegistration(row, event);
      return true;
    },
    /**
     * Ends the adding. Lists by voucher, in their order in bytes, one in memory at a time; none without an entry.
     * @param excludedLists sorted hashes of earlier winners
     */
    end(
      unverified: Frozen['unverified'],
      excludedLists: readonly Buffer[] = [],
    ): {
      readonly counts: EntryCounts;
      lists(citizenKey: SecretKey, campaignId: string): Iterable<VoucherEntries>;
    } {
      const factOf = factIn(rows);
      const beats = beatsIn(rows);
      const isExcluded = excludedIn(rows, excludedLists);
      // As `countsBefore` of contract/winner.ts.
      const counting = rows.counting((row, other) => {
        const byClass = classOf(factOf(row)) - classOf(factOf(other));
        return byClass === 0 ? beats(row, other) : byClass < 0;
      });
      const byFact: Record<string, number> = {};
      const sizes = new Uint32Array(vouchers.length + 1);
      let people = 0;
      let superseded = 0;
      let ended = 0;
      let excluded = 0;
      for (let row = 0; row < counting.length; row += 1) {
        const voucher = columns.vouchers[row] ?? 0;
        if (voucher === 0) continue;
        const fact = factOf(row);
        if (counting[row] === 0) {
          if (canBeSuperseded(fact)) superseded += 1;
          else ended += 1;
          continue;
        }
        people += 1;
        byFact[fact] = (byFact[fact] ?? 0) + 1;
        const enters = entersDraw(fact, unverified);
        const isLeftOut = enters && isExcluded[row] === 1;
        if (isLeftOut) excluded += 1;
        if (enters && !isLeftOut) sizes[voucher] = (sizes[voucher] ?? 0) + 1;
        else counting[row] = 0;
      }
      return {
        counts: { people, superseded, ended, byFact, excluded },
        *lists(citizenKey, campaignId) {
          const write = createEntryWriter(citizenKey, campaignId);
          for (const voucher of vouchers.toSorted(inBytes)) {
            const number = numbers.get(voucher) ?? 0;
            const size = sizes[number] ?? 0;
            if (size === 0) continue;
            const entries = Buffer.from(new ArrayBuffer(size * ENTRY_BYTES));
            for (let row = 0, offset = 0; offset < entries.length; row += 1) {
              if (counting[row] === 0 || columns.vouchers[row] !== number) continue;
              write(columns.receipts, row * RECEIPT_WORDS, entries, offset);
              offset += ENTRY_BYTES;
            }
            sortEntries(entries);
            yield { voucher, entries };
          }
        },
      };
    },
  };
};
export type Entries = ReturnType<typeof createEntries>;

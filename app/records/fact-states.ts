/**
 * From counts of facts to counts of receipts. Pure.
 *
 * A table of counts is enough, because facts of a receipt exist once and follow each other: issuing n + 1 only after issue_failed n,
 * and of issuing n one outcome at most.
 *
 * | receipts                       | from the counts of facts                          | by |
 * |--------------------------------|---------------------------------------------------|----|
 * | won                            | won + promoted                                    | voucher |
 * | waiting                        | won + promoted − issuing 1                        | voucher |
 * | issuing                        | issuing − issued − issue_failed                   | voucher, channel |
 * | issue_failed                   | issue_failed − issuing 2 and more                 | voucher |
 * | issued, expired, redeemed      | the same                                          | voucher, channel |
 * | failed_attempts                | issue_failed                                      | voucher, channel |
 * | unexplained                    | by how much waiting, issuing and issue_failed would be below zero | as these |
 *
 * Worked example: 10 won and 1 promoted, 8 issuing 1, 1 issuing 2, 6 issued, 2 issue_failed: 3 wait, 1 is issuing, 6 have it, 1 has failed.
 */

import { CHANNELS, type Channel, type EventEnvelope, type EventType } from '../../contract/envelope.ts';
import type { BookFact, FactTotal } from '../../contract/outside/books.ts';

const COUNTED = ['won', 'promoted', 'issuing', 'issue_failed', 'issued', 'expired', 'redeemed'] as const;
export type CountedFact = (typeof COUNTED)[number] & EventType;

/** Facts of citizens that are alike. */
export interface FactCount {
  readonly type: CountedFact;
  /** Of `issuing`: a second or later request of its receipt. */
  readonly isLater: boolean;
  readonly voucher: string;
  readonly channel: Channel | '';
  readonly facts: number;
}

export const isCounted = (type: string): type is CountedFact => COUNTED.some((one) => one === type);
const isChannel = (word: unknown): word is Channel => CHANNELS.some((one) => one === word);

/** As `spec.vouchers[].name` may be: nothing else becomes a label. */
const VOUCHER = /^[a-z0-9-]{1,40}$/;

/** In the order of their keys, so that two transactions lock their rows in the same order. @param events facts that are new */
export const factCountsOf = (events: readonly EventEnvelope[]): readonly FactCount[] => {
  const found = new Map<string, FactCount>();
  for (const { type, kind, attempt = 1, data } of events) {
    if (!isCounted(type) || kind !== 'citizen') continue;
    const isLater = type === 'issuing' && attempt > 1;
    const voucher = VOUCHER.test(String(data['voucher'])) ? String(data['voucher']) : '';
    const channel = isChannel(data['channel']) ? data['channel'] : '';
    const key = [type, isLater, voucher, channel].join(' ');
    found.set(key, { type, isLater, voucher, channel, facts: (found.get(key)?.facts ?? 0) + 1 });
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
};

/** Totals of receipts; none of zero receipts. */
export const factStates = (counts: readonly FactCount[]): readonly FactTotal[] => {
  const sum = (of: readonly FactCount[], ...types: readonly CountedFact[]): number =>
    of.reduce((total, { type, facts }) => total + (types.includes(type) ? facts : 0), 0);
  const totals: FactTotal[] = [];
  const add = (fact: BookFact, voucher: string, channel: Channel | '', receipts: number): void => {
    if (receipts > 0) totals.push({ fact, voucher, channel, receipts });
  };
  for (const [voucher, ofVoucher] of Map.groupBy(counts, (count) => count.voucher)) {
    const won = sum(ofVoucher, 'won', 'promoted');
    const later = sum(
      ofVoucher.filter(({ isLater }) => isLater),
      'issuing',
    );
    const waiting = won - (sum(ofVoucher, 'issuing') - later);
    const failed = sum(ofVoucher, 'issue_failed') - later;
    add('won', voucher, '', won);
    add('waiting', voucher, '', waiting);
    add('issue_failed', voucher, '', failed);
    let unexplained = Math.max(0, -waiting) + Math.max(0, -failed);
    for (const [channel, of] of Map.groupBy(ofVoucher, (count) => count.channel)) {
      const issued = sum(of, 'issued');
      const failures = sum(of, 'issue_failed');
      const issuing = sum(of, 'issuing') - issued - failures;
      add('issuing', voucher, channel, issuing);
      add('issued', voucher, channel, issued);
      add('failed_attempts', voucher, channel, failures);
      add('expired', voucher, channel, sum(of, 'expired'));
      add('redeemed', voucher, channel, sum(of, 'redeemed'));
      if (channel !== '') add('unexplained', voucher, channel, -issuing);
      else unexplained += Math.max(0, -issuing);
    }
    add('unexplained', voucher, '', unexplained);
  }
  return totals;
};

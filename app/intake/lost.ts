/**
 * Whether a receipt took part in the draw and has no place in its result. No fact says so: a result of millions has no line for those
 * who did not win. It is shown only where it is certain. Pure.
 *
 * | of the receipt, in the journal                                        | lost |
 * |-----------------------------------------------------------------------|------|
 * | it won, is on the waiting list, or moved up                           | no   |
 * | no copy of the registration is before the barriers                    | no: it came too late for the list |
 * | its last verdict, correction or withdrawal is behind the barriers     | unknown: an earlier copy may be before them |
 * | by the facts before the barriers it does not enter (contract/winner.ts) | no: it keeps its own state |
 * | by them it enters, and the person won in an earlier campaign          | no: `excluded`, a state of its own (receipt-state.ts) |
 * | by them it enters                                                     | yes  |
 *
 * The caller makes sure that it is the person's receipt that counts now. If another one counted when the list was frozen, and was
 * withdrawn or rejected since, that one had no place either: with one it would still count. So the person has lost in both cases.
 */
import type { LiveSettings } from '../../contract/app-contract.ts';
import { entersDraw } from '../../contract/winner.ts';
import type { DrawnReceipt } from '../../journal/receipts/drawn-receipt.ts';
import { highestFact, type State } from '../core/projection.ts';

export type AnnouncedDraw = NonNullable<LiveSettings['announced']>;

/** The other states have a fact of their own, or did not enter. */
export const mayHaveLost = (state: State): boolean => state === 'received' || state === 'verified';

export const hasLost = (
  { copies, facts, hasPlace }: Omit<DrawnReceipt, 'citizenHash'>,
  { barriers, unverified }: AnnouncedDraw,
): boolean => {
  const isBefore = ({ shard, sequence }: { readonly shard: number; readonly sequence: number }): boolean =>
    sequence < (barriers[shard] ?? 0);
  if (hasPlace || !copies.some(isBefore) || !facts.every(isBefore)) return false;
  return entersDraw(highestFact([{ type: 'received' }, ...facts]), unverified);
};

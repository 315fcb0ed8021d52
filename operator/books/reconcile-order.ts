/** A person's order to run the Job `books`. Pure. */
import { parseOrder, RECONCILE, type ReconcileOrder } from '../../contract/outside/reconcile.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

/** As long as a Job that has ended is kept, so that no order makes two Jobs. An order from a clock that is ahead counts, too. */
const VALID_MS = 10 * 60_000;

/** Undefined: none, an old one, one that can't be read, or a campaign that issues nothing. */
export const reconcileOrderOf = (
  { metadata: { annotations = {} }, spec }: VoucherCampaign,
  nowMs: number,
): ReconcileOrder | undefined => {
  const text = annotations[RECONCILE];
  const order = text === undefined || spec.issuance === undefined ? undefined : parseOrder(text);
  return order !== undefined && Math.abs(nowMs - Date.parse(order.at)) < VALID_MS ? order : undefined;
};

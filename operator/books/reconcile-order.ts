/** Orders to run the Job `books`: a person's, and the operator's own once every winner has a voucher. Pure. */
import { runKey } from '../../contract/names.ts';
import { parseOrder, RECONCILE, type ReconcileOrder, runOf } from '../../contract/outside/reconcile.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';

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

export const OPERATOR = 'the operator';

/**
 * The complete reconciliation that the operator orders by itself: once for each time at which Issued becomes True. The order has that time, so
 * every leader orders the same run.
 *
 * | Issued is True | a run for this time is done | data keys                | order |
 * |----------------|-----------------------------|--------------------------|-------|
 * | no             | any                         | any                      | none  |
 * | yes            | yes                         | any                      | none  |
 * | yes            | no                          | are or will be destroyed | none: accounts can't be opened |
 * | yes            | no                          | are there                | all requests |
 */
export const ownOrderOf = (previous: VoucherCampaignStatus | undefined): ReconcileOrder | undefined => {
  const issued = previous?.conditions?.find(({ type }) => type === 'Issued');
  if (issued?.status !== 'True' || previous?.privacy?.orderedAt !== undefined) return undefined;
  const at = issued.lastTransitionTime;
  return previous?.issuance?.reconciledFor === at ? undefined : { by: OPERATOR, at, requests: 'all' };
};

/** The time of the last such run that is done. */
export const reconciledFor = (
  previous: VoucherCampaignStatus | undefined,
  { jobs }: Pick<ObservedCluster, 'jobs'>,
): string | undefined => {
  const order = ownOrderOf(previous);
  const isDone = order !== undefined && jobs?.[runKey('books', runOf(order))]?.state === 'done';
  return isDone ? order.at : previous?.issuance?.reconciledFor;
};

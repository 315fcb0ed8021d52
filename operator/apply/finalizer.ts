import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { JOURNAL_FINALIZER } from '../../contract/names.ts';

export const hasFinalizer = ({ metadata }: Pick<VoucherCampaign, 'metadata'>): boolean =>
  metadata.finalizers?.includes(JOURNAL_FINALIZER) ?? false;

/**
 * Whether our finalizer must come or go; undefined when it is right. The end of a campaign under Delete is no matter of
 * this table: it goes only when the journal has gone.
 *
 * | deletionPolicy | being deleted | there | result |
 * |----------------|---------------|-------|--------|
 * | Retain         | any           | yes   | remove |
 * | Delete         | no            | no    | add    |
 * | otherwise      |               |       | right  |
 *
 * Retain needs none, so that a namespace ends also when no operator is left to let it go.
 */
export const finalizerChange = ({ metadata, spec }: VoucherCampaign): 'add' | 'remove' | undefined => {
  const isThere = hasFinalizer({ metadata });
  if (spec.deletionPolicy === 'Retain') return isThere ? 'remove' : undefined;
  return isThere || metadata.deletionTimestamp !== undefined ? undefined : 'add';
};

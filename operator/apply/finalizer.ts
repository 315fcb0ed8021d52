import { JOURNAL_FINALIZER } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

export const hasFinalizer = ({ metadata }: Pick<VoucherCampaign, 'metadata'>): boolean =>
  metadata.finalizers?.includes(JOURNAL_FINALIZER) ?? false;

/**
 * Whether our finalizer must be added or removed; undefined when it is right. Under Delete it outlives the journal.
 *
 * | deletionPolicy | being deleted | there | result |
 * |----------------|---------------|-------|--------|
 * | Retain         | any           | yes   | remove: a namespace must end also without an operator |
 * | Delete         | no            | no    | add    |
 * | otherwise      |               |       | right  |
 */
export const finalizerChange = ({ metadata, spec }: VoucherCampaign): 'add' | 'remove' | undefined => {
  const isThere = hasFinalizer({ metadata });
  if (spec.deletionPolicy === 'Retain') return isThere ? 'remove' : undefined;
  return isThere || metadata.deletionTimestamp !== undefined ? undefined : 'add';
};

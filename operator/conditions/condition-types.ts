/** The conditions that a campaign has: some only where their section of the spec is stated. */
import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import { earlierCampaignsOf } from '../../contract/jobs.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { hasDraw } from '../draw/order.ts';

type Spec = Pick<VoucherCampaignSpec, 'verification' | 'issuance' | 'draw' | 'eligibility'>;

const issues = ({ issuance }: Spec): boolean => issuance !== undefined;

const HAS: Partial<Readonly<Record<ConditionType, (spec: Spec) => boolean>>> = {
  ProvidersReachable: ({ verification }) => verification !== undefined,
  EarlierWinnersExcluded: (spec) => earlierCampaignsOf(spec).length > 0,
  DrawCommitted: hasDraw,
  Drawn: hasDraw,
  Issued: issues,
  ChannelsReachable: issues,
  BooksBalanced: issues,
};

export const conditionTypesOf = (spec: Spec): readonly ConditionType[] =>
  CONDITION_TYPES.filter((type) => HAS[type]?.(spec) ?? true);

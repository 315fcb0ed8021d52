/** The conditions that a campaign has: some only where their section of the spec is stated. */
import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { hasDraw } from '../draw/order.ts';
import { outsideTiersOf } from '../outside/targets.ts';

type Spec = Pick<VoucherCampaignSpec, 'verification' | 'draw'>;

const HAS: Partial<Readonly<Record<ConditionType, (spec: Spec) => boolean>>> = {
  ProvidersReachable: (spec) => outsideTiersOf(spec).length > 0,
  DrawCommitted: hasDraw,
  Drawn: hasDraw,
};

export const conditionTypesOf = (spec: Spec): readonly ConditionType[] =>
  CONDITION_TYPES.filter((type) => HAS[type]?.(spec) ?? true);

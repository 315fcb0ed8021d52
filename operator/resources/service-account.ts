import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { tierName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import { ownedMetadata } from './metadata.ts';

/** An identity per tier without rights and token: it exists so that policies can name a tier. */
export const buildServiceAccount = (campaign: VoucherCampaign, tier: Tier): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, tier), tier),
  automountServiceAccountToken: false,
});

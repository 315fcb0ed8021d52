import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { tierName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/** Node drains take one pod of a tier at a time. */
export const buildPodDisruptionBudget = (campaign: VoucherCampaign, tier: Tier): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, tier), tier),
  spec: {
    selector: { matchLabels: tierSelector(campaign, tier) },
    maxUnavailable: 1,
    // Without it a pod that never becomes ready blocks the drain of its node for ever.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  },
});

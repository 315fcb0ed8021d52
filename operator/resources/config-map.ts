import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import type { AppConfig } from '../../contract/app-contract.ts';
import { appConfigMapName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions } from './build-options.ts';
import { ownedMetadata } from './metadata.ts';

/** `config.json`: only what never changes for the life of the campaign. The rest is in live settings. */
export const buildAppConfigMap = (
  campaign: VoucherCampaign,
  tiers: readonly Tier[],
  options: BuildOptions,
): ConfigMap => {
  const config: AppConfig = {
    v: 1,
    campaignId: campaign.spec.campaignId,
    namespace: campaign.metadata.namespace,
    campaignName: campaign.metadata.name,
    site: options.site,
    shards: options.shards,
    journalReplicas: options.journalReplicas,
    tiers,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(campaign, appConfigMapName(campaign.metadata.name)),
    data: { 'config.json': JSON.stringify(config) },
  };
};

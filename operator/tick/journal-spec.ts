import { earlierCampaignsOf } from '../../contract/jobs.ts';
import { ACCEPTED_LOSS } from '../../contract/names.ts';
import { hasConsumer, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { JournalSpec } from '../../journal/administration.ts';
import type { BuildOptions } from '../resources/build-options.ts';

export const journalSpec = (campaign: VoucherCampaign, options: BuildOptions): JournalSpec => ({
  campaignId: campaign.spec.campaignId,
  namespace: campaign.metadata.namespace,
  campaignName: campaign.metadata.name,
  uid: campaign.metadata.uid ?? '',
  shards: options.shards,
  replicas: options.journalReplicas,
  adopt: campaign.spec.adoptJournal,
  acceptedLosses: (campaign.metadata.annotations?.[ACCEPTED_LOSS] ?? '').split(/[\s,]+/).filter((loss) => loss !== ''),
  consumers: tiersOf(campaign.spec).filter(hasConsumer),
  hasExcluded: earlierCampaignsOf(campaign.spec).length > 0,
  hasClaims: campaign.spec.login !== undefined || campaign.spec.issuance !== undefined,
});

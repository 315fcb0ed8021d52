import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { Workload } from '../../contract/jobs.ts';
import { tierName } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownedMetadata } from './metadata.ts';

/** An identity per tier and Job without rights and token: it exists so that policies can name one. */
export const buildServiceAccount = (campaign: VoucherCampaign, workload: Workload): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, workload), workload),
  automountServiceAccountToken: false,
});

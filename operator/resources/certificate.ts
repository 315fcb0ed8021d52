import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { certificateName } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownedMetadata } from './metadata.ts';

/** Key of the ConfigMap with the deletion certificate. */
export const CERTIFICATE_FILE = 'certificate.json';

/** For people; the audit trail holds its digest, and outlives the campaign. */
export const buildCertificate = (campaign: VoucherCampaign, text: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: ownedMetadata(campaign, certificateName(campaign.metadata.name)),
  data: { [CERTIFICATE_FILE]: text },
});

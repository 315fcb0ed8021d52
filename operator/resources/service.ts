import type { Service } from 'kubernetes-types/core/v1.js';
import { serviceName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/** The Service of a tier that citizens or channels reach. Other tiers take their work from the journal and need none. */
export const buildService = (campaign: VoucherCampaign, tier: Tier): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: ownedMetadata(campaign, serviceName(campaign.metadata.name, tier), tier),
  spec: {
    type: 'ClusterIP',
    // IPv6 and IPv4 where the cluster has both, as the pods listen; else the one it has.
    ipFamilyPolicy: 'PreferDualStack',
    selector: tierSelector(campaign, tier),
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
  },
});

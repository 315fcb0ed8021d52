import type { Service } from 'kubernetes-types/core/v1.js';
import { intakeServiceName } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/** The Service for citizens' traffic. Other tiers take their work from the journal and need none. */
export const buildIntakeService = (campaign: VoucherCampaign): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: ownedMetadata(campaign, intakeServiceName(campaign.metadata.name), 'intake'),
  spec: {
    type: 'ClusterIP',
    // IPv6 and IPv4 where the cluster has both, as the pods listen; else the one it has.
    ipFamilyPolicy: 'PreferDualStack',
    selector: tierSelector(campaign, 'intake'),
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
  },
});

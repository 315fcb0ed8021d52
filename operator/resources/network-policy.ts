import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { tierName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/**
 * Who may call a tier. Citizens reach the intake from anywhere; metrics and probes are for pods of this cluster (the
 * operator and monitoring, in namespaces that only the installation knows) and for nobody else.
 *
 * What pods call is left open: the journal and the database are named in Secrets that the operator can't read.
 */
export const buildNetworkPolicy = (campaign: VoucherCampaign, tier: Tier): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, tier), tier),
  spec: {
    podSelector: { matchLabels: tierSelector(campaign, tier) },
    policyTypes: ['Ingress'],
    ingress: [
      ...(tier === 'intake' ? [{ ports: [{ port: 'http', protocol: 'TCP' as const }] }] : []),
      { from: [{ namespaceSelector: {} }], ports: [{ port: 'admin', protocol: 'TCP' as const }] },
    ],
  },
});

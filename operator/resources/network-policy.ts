import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
} from 'kubernetes-types/networking/v1.js';
import { PORTS } from '../../contract/app-contract.ts';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { isJob, rightsOf, type Workload } from '../../contract/jobs.ts';
import { tierName } from '../../contract/names.ts';
import type { BuildOptions } from './build-options.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/**
 * Egress of a workload: the data plane by its rights, what its entry names, and for the intake its own Service, for canaries.
 * Undefined, and not restricted, where the data plane is not the installation's own: journal and database are then named in
 * Secrets that the operator can't read.
 */
const egressOf = (
  campaign: VoucherCampaign,
  workload: Workload,
  { pods = {} }: BuildOptions,
): readonly NetworkPolicyEgressRule[] | undefined => {
  const { egress } = pods;
  if (egress === undefined || !egress.campaigns.includes(campaign.spec.campaignId)) return undefined;
  const { database, egress: outside } = rightsOf(workload);
  const toItself = { podSelector: { matchLabels: tierSelector(campaign, workload) } };
  return [
    ...egress.names,
    ...egress.journal,
    ...(database === 'none' ? [] : egress.database),
    ...(workload === 'intake' ? [{ to: [toItself], ports: [{ port: PORTS.http, protocol: 'TCP' as const }] }] : []),
    ...outside.map(({ port }) => ({ ports: [{ port, protocol: 'TCP' as const }] })),
  ];
};

/** Citizens reach the intake from anywhere; only pods of this cluster reach metrics and probes; nothing reaches a Job. */
const ingressOf = (workload: Workload): NetworkPolicyIngressRule[] => [
  ...(workload === 'intake' ? [{ ports: [{ port: 'http', protocol: 'TCP' as const }] }] : []),
  ...(isJob(workload)
    ? []
    : [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'admin', protocol: 'TCP' as const }] }]),
];

export const buildNetworkPolicy = (
  campaign: VoucherCampaign,
  workload: Workload,
  options: BuildOptions,
): NetworkPolicy => {
  const [ingress, egress] = [ingressOf(workload), egressOf(campaign, workload, options)];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, workload), workload),
    spec: {
      podSelector: { matchLabels: tierSelector(campaign, workload) },
      policyTypes: ['Ingress', ...(egress === undefined ? [] : ['Egress'])],
      // The API server would remove an empty list.
      ...(ingress.length === 0 ? {} : { ingress }),
      ...(egress && { egress: [...egress] }),
    },
  };
};

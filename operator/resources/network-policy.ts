import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
} from 'kubernetes-types/networking/v1.js';
import { PORTS } from '../../contract/app-contract.ts';
import { serviceNamespaceOf } from '../../contract/cluster-host.ts';
import { hasAdminPort, rightsOf, type Workload, workloadUrlsOf } from '../../contract/jobs.ts';
import { tierName } from '../../contract/names.ts';
import { isTier, servesHttp, takesRegistrations } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions, PodOptions } from './build-options.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';

/**
 * A NetworkPolicy knows neither host names nor Services: an address outside the cluster opens its port to every host. For a Service it
 * opens all pods of its namespace, because their port may be another than the Service's.
 */
const toUrl = (url: string, { metadata: { namespace } }: VoucherCampaign): readonly NetworkPolicyEgressRule[] => {
  // providerFaults reports it.
  if (!URL.canParse(url)) return [];
  const { hostname, port, protocol } = new URL(url);
  const within = serviceNamespaceOf(hostname, namespace ?? 'default');
  if (within !== undefined) {
    return [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': within } } }] }];
  }
  const byDefault = protocol === 'http:' ? 80 : 443;
  return [{ ports: [{ port: port === '' ? byDefault : Number(port), protocol: 'TCP' }] }];
};

/** Each rule once. */
const toUrls = (
  campaign: VoucherCampaign,
  workload: Workload,
  { tracing }: PodOptions,
): readonly NetworkPolicyEgressRule[] => {
  const collector = tracing !== undefined && isTier(workload) ? [tracing.endpoint] : [];
  const urls = [...workloadUrlsOf(campaign.spec, workload), ...collector];
  const rules = urls.flatMap((url) => toUrl(url, campaign)).map((rule) => [JSON.stringify(rule), rule] as const);
  return [...new Map(rules).values()];
};

/**
 * Egress of a workload: the data plane by its rights, the addresses that its section of the spec names, the collector of traces, and for the tier that takes
 * registrations its own Service, for canaries.
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
  const { database } = rightsOf(workload);
  const toItself = { podSelector: { matchLabels: tierSelector(campaign, workload) } };
  return [
    ...egress.names,
    ...egress.journal,
    ...(database === 'none' ? [] : egress.database),
    ...(isTier(workload) && takesRegistrations(workload)
      ? [{ to: [toItself], ports: [{ port: PORTS.http, protocol: 'TCP' as const }] }]
      : []),
    ...toUrls(campaign, workload, pods),
  ];
};

/**
 * Citizens and channels reach the tiers that serve them from anywhere; only pods of this cluster reach metrics and probes; nothing reaches other Jobs. Reviewers reach
 * verification through the API server, which is no pod: from its peers, or from anywhere where these are not stated.
 */
const ingressOf = (workload: Workload, { apiServerPeers = [] }: PodOptions): NetworkPolicyIngressRule[] => [
  ...(isTier(workload) && servesHttp(workload) ? [{ ports: [{ port: 'http', protocol: 'TCP' as const }] }] : []),
  ...(hasAdminPort(workload)
    ? [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'admin', protocol: 'TCP' as const }] }]
    : []),
  ...(workload === 'verification'
    ? [
        {
          ...(apiServerPeers.length === 0 ? {} : { from: [...apiServerPeers] }),
          ports: [{ port: 'admin', protocol: 'TCP' as const }],
        },
      ]
    : []),
];

export const buildNetworkPolicy = (
  campaign: VoucherCampaign,
  workload: Workload,
  options: BuildOptions,
): NetworkPolicy => {
  const [ingress, egress] = [ingressOf(workload, options.pods ?? {}), egressOf(campaign, workload, options)];
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

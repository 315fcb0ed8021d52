import type { Affinity, ResourceRequirements, Toleration, TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicyEgressRule, NetworkPolicyPeer } from 'kubernetes-types/networking/v1.js';
import type { Workload } from '../../contract/jobs.ts';

interface DataPlaneEgress {
  /** Whose data plane it is, by `campaignId`. */
  readonly campaigns: readonly string[];
  readonly names: readonly NetworkPolicyEgressRule[];
  readonly journal: readonly NetworkPolicyEgressRule[];
  readonly database: readonly NetworkPolicyEgressRule[];
}

/** How campaigns' pods fit into this cluster: set by the installation, not by a campaign. */
export interface PodOptions {
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Names of Secrets in the campaign's own namespace, which is not the installation's. */
  readonly imagePullSecrets?: readonly string[] | undefined;
  /** Instead of those, by namespace. */
  readonly imagePullSecretsByNamespace?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly affinity?: Affinity | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  /** Instead of evenly over zones and nodes; where a selector is left out, the pods' own is used. */
  readonly topologySpreadConstraints?: readonly TopologySpreadConstraint[] | undefined;
  /** In addition to the pods' own. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** False: the platform assigns user and group, as OpenShift does. */
  readonly fixedIds?: boolean | undefined;
  /** How long a pod stays on a node that does not answer, before the cluster replaces it; 30 unless stated. */
  readonly nodeLostTolerationSeconds?: number | undefined;
  readonly priorityClassName?: string | undefined;
  /** Below that of every other pod, so that placeholders are evicted first. Without it no headroom is kept. */
  readonly headroomPriorityClassName?: string | undefined;
  /** Absent: egress is not restricted. */
  readonly egress?: DataPlaneEgress | undefined;
  /** From where the API server reaches pods; none: unknown. */
  readonly apiServerPeers?: readonly NetworkPolicyPeer[] | undefined;
  /** Where tiers send traces, and the share of registrations. Absent: no traces. */
  readonly tracing?: { readonly endpoint: string; readonly ratio: number } | undefined;
  /** Instead of the workload's own. */
  readonly resources?: Readonly<Partial<Record<Workload, ResourceRequirements>>> | undefined;
}

/** What the builders need besides the campaign: the operator's configuration, the same for every campaign. */
export interface BuildOptions {
  readonly image: string;
  readonly site: string;
  /** Shard streams of a campaign. Fixed for a campaign's life, because it maps citizens to shards. */
  readonly shards: number;
  /** Replicas of every stream and bucket: 3, or 1 on a single development server. */
  readonly journalReplicas: number;
  readonly logLevel: string;
  /** Of an idle connection to the intake: longer than any load balancer in front of it keeps one. */
  readonly keepAliveSeconds?: number | undefined;
  readonly pods?: PodOptions | undefined;
}

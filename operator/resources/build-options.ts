import type { ResourceRequirements, Toleration } from 'kubernetes-types/core/v1.js';
import type { Tier } from '../api/names.ts';

/** How campaigns' pods fit into this cluster: the installation's business, not a campaign's. */
export interface PodOptions {
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  readonly imagePullSecrets?: readonly string[] | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  /** How long a pod stays on a node that does not answer, before the cluster replaces it; 30 unless stated. */
  readonly nodeLostTolerationSeconds?: number | undefined;
  readonly priorityClassName?: string | undefined;
  /** Below that of every other pod, so that placeholders make way. Without it no head-room is kept. */
  readonly headroomPriorityClassName?: string | undefined;
  /** Instead of the tier's own. */
  readonly resources?: Readonly<Partial<Record<Tier, ResourceRequirements>>> | undefined;
}

/** What the builders need besides the campaign: the operator's own configuration, the same for every campaign. */
export interface BuildOptions {
  /** Image of the app, by digest in production. */
  readonly image: string;
  /** Site name, a DNS label; `default` when there is one site. */
  readonly site: string;
  /** Shard streams of a campaign. Fixed for a campaign's life, because it maps citizens to shards. */
  readonly shards: number;
  /** Replicas of every stream and bucket: 3, or 1 on a single development server. */
  readonly journalReplicas: number;
  readonly logLevel: string;
  readonly pods?: PodOptions | undefined;
}

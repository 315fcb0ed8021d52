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
}

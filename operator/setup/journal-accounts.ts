/**
 * Who may do what on the embedded journal, as nats-server's configuration. Pure.
 *
 * A campaign's pods share one account. What it may do is what journal/ does, subject by subject:
 *
 * | subject                                   | for |
 * |-------------------------------------------|-----|
 * | reg.<id>.>                                | registrations (publisher.ts) |
 * | $KV.keys_<id>.*                           | the day's data key (data-keys.ts) |
 * | STREAM.INFO                               | opening a bucket, the end of a shard (replay.ts) |
 * | STREAM.MSG.GET of the buckets             | live settings, data keys |
 * | STREAM.MSG.GET of the shards              | whether a registration is there already (acceptances.ts) |
 * | CONSUMER.INFO, MSG.NEXT, ACK of the shards | the workers (reader.ts) |
 * | CONSUMER.CREATE, .DELETE                  | watches of the buckets, ordered consumers of a rebuild (replay.ts) and of an intake (astray.ts) |
 * | $JS.FC of the buckets                     | flow control of the watches |
 *
 * The durable consumers belong to the operator: without the denials a pod could move one past what nobody has read.
 */
import {
  astraySubject,
  consumerName,
  dataKeyBucketName,
  liveBucketName,
  shardStreamName,
  shardSubjects,
} from '../../contract/names.ts';
import { TIERS } from '../../contract/tiers.ts';
import { accountName, accountPassword } from './root.ts';

/** What the chart asks for, as accounts.json. */
export interface AccountsRequest {
  /** Of every campaign. */
  readonly shards: number;
  /** Their `campaignId`s. */
  readonly campaigns: readonly string[];
}

export interface Permissions {
  readonly publish: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly subscribe: readonly string[];
}

const API = '$JS.API';

const ofShard = (stream: string, astray: string): readonly string[] => [
  `${API}.STREAM.INFO.${stream}`,
  // Of the leader: a replica that lags would not know the last registrations.
  `${API}.STREAM.MSG.GET.${stream}`,
  `${API}.CONSUMER.INFO.${stream}.*`,
  `${API}.CONSUMER.MSG.NEXT.${stream}.*`,
  // Its last token is the consumer's name. A name that the server would choose, and durable ones, have other subjects.
  `${API}.CONSUMER.CREATE.${stream}.*`,
  `${API}.CONSUMER.CREATE.${stream}.*.${astray}`,
  `${API}.CONSUMER.DELETE.${stream}.*`,
  `$JS.ACK.${stream}.>`,
];

const ofBucket = (stream: string): readonly string[] => [
  `${API}.STREAM.INFO.${stream}`,
  // Of the leader: buckets have no direct gets, by which a replica that lags could answer.
  `${API}.STREAM.MSG.GET.${stream}`,
  `${API}.CONSUMER.INFO.${stream}.*`,
  // Behind the name comes the filter, a key of the bucket.
  `${API}.CONSUMER.CREATE.${stream}.*.>`,
  `${API}.CONSUMER.DELETE.${stream}.*`,
  `$JS.FC.${stream}.>`,
];

export const campaignPermissions = (campaignId: string, shards: number): Permissions => {
  const indices = Array.from({ length: shards }, (_, shard) => shard);
  const buckets = [liveBucketName(campaignId), dataKeyBucketName(campaignId)];
  return {
    publish: {
      allow: [
        ...indices.map((shard) => shardSubjects(campaignId, shard)),
        `$KV.${dataKeyBucketName(campaignId)}.*`,
        ...indices.flatMap((shard) =>
          ofShard(shardStreamName(campaignId, shard), astraySubject(campaignId, shard, '*')),
        ),
        ...buckets.flatMap((bucket) => ofBucket(`KV_${bucket}`)),
      ],
      deny: TIERS.map(consumerName).flatMap((name) => [
        `${API}.CONSUMER.CREATE.*.${name}`,
        `${API}.CONSUMER.CREATE.*.${name}.>`,
        `${API}.CONSUMER.DELETE.*.${name}`,
      ]),
    },
    subscribe: [`_INBOX.${accountName(campaignId)}.>`],
  };
};

const quoted = (subjects: readonly string[]): string => `[${subjects.map((one) => JSON.stringify(one)).join(', ')}]`;

const userOf = (campaignId: string, shards: number, accountsKey: string): string => {
  const { publish, subscribe } = campaignPermissions(campaignId, shards);
  return `  {
    user: ${JSON.stringify(accountName(campaignId))}
    password: ${JSON.stringify(accountPassword(accountsKey, 'nats', campaignId))}
    permissions: {
      publish: { allow: ${quoted(publish.allow)}, deny: ${quoted(publish.deny)} }
      subscribe: ${quoted(subscribe)}
    }
  }
`;
};

/**
 * The inside of nats-server's `authorization { … }`. The operator's password is a variable of the server's environment.
 * @param certificates tells one set of certificates from another: they are read anew when this text changes
 */
export const accountsConfig = (
  { shards, campaigns }: AccountsRequest,
  accountsKey: string,
  certificates: string,
): string =>
  `# certificates ${certificates}
users: [
  { user: operator, password: $OPERATOR_PASSWORD }
${campaigns.map((campaignId) => userOf(campaignId, shards, accountsKey)).join('')}]
`;

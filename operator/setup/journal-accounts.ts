/**
 * Permissions on the embedded journal, as nats-server's configuration. Pure.
 *
 * A campaign has an account for each of its tiers and Jobs, with permissions by its rights (contract/tiers.ts, jobs.ts):
 *
 * | right                | subjects                                     | for |
 * |----------------------|----------------------------------------------|-----|
 * | any                  | STREAM.INFO, CONSUMER.INFO of the shards     | clocks, the end of a shard |
 * | publishes a type     | reg.<id>.<shard>.<type>.*                    | its facts (publisher.ts), and the check of them |
 * | … `received`         | reg.<id>.<shard>.astray.*                    | registrations in another shard than their citizen's |
 * | … `issuing`          | reg.<id>.<shard>.issuing.*.*                 | the channel is in the subject |
 * | has consumers        | CONSUMER.MSG.NEXT and ACK of its own         | its work, and that of its lanes (reader.ts) |
 * | looks up receipts    | STREAM.MSG.GET, consumers of the astray subjects | acceptances.ts, astray.ts |
 * | looks up shards      | consumers of everything                      | a rebuild (replay.ts) |
 * | decides an entry     | ctl.<id>.<entry>, STREAM.MSG.GET of the control stream | the list (control.ts) |
 * | looks up decisions   | STREAM.MSG.GET of the control stream         | whether the list is made |
 * | reads a bucket       | STREAM.INFO, STREAM.MSG.GET, its consumers, $JS.FC | live settings, data keys, lists of earlier winners |
 * | writes a live key    | $KV.<live bucket>.<key>                      | numbers of the waiting room (queue.ts), site-journal.ts |
 * | writes a bucket      | … and $KV.<bucket>.*                         | the day's data key (data-keys.ts) |
 * | makes claims of a kind | reads that bucket, and $KV.<bucket>.<kind>.* | claims (claims.ts), coupons (coupons.ts) |
 *
 * The durable consumers belong to the operator: without the denials a pod could move one past messages that are not read, or
 * consume another tier's messages.
 */
import { accountName, accountPassword } from '../../contract/accounts.ts';
import { excludedBucketName } from '../../contract/decisions/exclusion.ts';
import { rightsOf, WORKLOADS, type Workload } from '../../contract/jobs.ts';
import {
  astraySubject,
  consumerName,
  controlStreamName,
  controlSubject,
  dataKeyBucketName,
  liveBucketName,
  shardStreamName,
  subjectsOf,
} from '../../contract/names.ts';
import { claimsBucketName } from '../../contract/outside/login.ts';
import type { BucketRight, ClaimKind } from '../../contract/tier-entry.ts';
import { consumersOf, isTier, TIERS } from '../../contract/tiers.ts';

export interface AccountsRequest {
  readonly shards: number;
  /** Their `campaignId`s. */
  readonly campaigns: readonly string[];
}

export interface Permissions {
  readonly publish: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly subscribe: readonly string[];
}

const API = '$JS.API';

/** Of a shard or bucket; consumers named by the server, and durable ones, have other subjects. */
const ownConsumers = (stream: string, filter: string): readonly string[] => [
  // After the name, which the client chooses, comes the filter.
  `${API}.CONSUMER.CREATE.${stream}.*${filter}`,
  `${API}.CONSUMER.DELETE.${stream}.*`,
];

const publishes = (campaignId: string, shard: number, workload: Workload): readonly string[] =>
  rightsOf(workload).publishes.flatMap((type) => subjectsOf(campaignId, shard, type));

const consumes = (campaignId: string, shard: number, workload: Workload): readonly string[] => {
  if (!isTier(workload)) return [];
  const stream = shardStreamName(campaignId, shard);
  return consumersOf(workload).flatMap((lane) => {
    const own = consumerName(workload, lane);
    return [`${API}.CONSUMER.MSG.NEXT.${stream}.${own}`, `$JS.ACK.${stream}.${own}.>`];
  });
};

const ofShard = (campaignId: string, shard: number, workload: Workload): readonly string[] => {
  const stream = shardStreamName(campaignId, shard);
  const { looksUp } = rightsOf(workload);
  const [receipts, shards] = [looksUp.includes('receipts'), looksUp.includes('shards')];
  return [
    ...publishes(campaignId, shard, workload),
    `${API}.STREAM.INFO.${stream}`,
    `${API}.CONSUMER.INFO.${stream}.*`,
    // Of the leader: a replica that lags would not know the last registrations.
    ...(receipts ? [`${API}.STREAM.MSG.GET.${stream}`] : []),
    ...(receipts ? ownConsumers(stream, `.${astraySubject(campaignId, shard, '*')}`) : []),
    ...(shards ? ownConsumers(stream, '') : []),
    ...(receipts || shards ? [`${API}.CONSUMER.MSG.NEXT.${stream}.*`] : []),
    ...consumes(campaignId, shard, workload),
  ];
};

const ofControl = (campaignId: string, workload: Workload): readonly string[] => {
  const { decides = [], looksUp } = rightsOf(workload);
  if (decides.length === 0 && !looksUp.includes('decisions')) return [];
  return [
    ...decides.map((type) => controlSubject(campaignId, type)),
    // Of the leader: a replica that lags would not know a decision.
    `${API}.STREAM.MSG.GET.${controlStreamName(campaignId)}`,
  ];
};

const ofBucket = (bucket: string, right: BucketRight, keys: readonly string[] = ['*']): readonly string[] => {
  if (right === 'none') return [];
  const stream = `KV_${bucket}`;
  return [
    ...(right === 'writes' ? keys.map((key) => `$KV.${bucket}.${key}`) : []),
    `${API}.STREAM.INFO.${stream}`,
    // Of the leader: buckets have no direct gets, by which a replica that lags could answer.
    `${API}.STREAM.MSG.GET.${stream}`,
    `${API}.CONSUMER.INFO.${stream}.*`,
    ...ownConsumers(stream, '.>'),
    `$JS.FC.${stream}.>`,
  ];
};

const ofLiveKeys = (bucket: string, keys: readonly string[] = []): readonly string[] =>
  keys.map((key) => `$KV.${bucket}.${key}`);

const ofClaims = (bucket: string, kinds: readonly ClaimKind[] = []): readonly string[] =>
  kinds.length === 0
    ? []
    : ofBucket(
        bucket,
        'writes',
        kinds.map((kind) => `${kind}.*`),
      );

/** The permissions of an account of these workloads together. */
const permissionsOf = (
  campaignId: string,
  shards: number,
  workloads: readonly Workload[],
  user: string,
): Permissions => {
  const indices = Array.from({ length: shards }, (_, shard) => shard);
  const durable = TIERS.flatMap((tier) => consumersOf(tier).map((lane) => ({ tier, name: consumerName(tier, lane) })));
  return {
    publish: {
      allow: [
        ...new Set(
          workloads.flatMap((workload) => [
            ...indices.flatMap((shard) => ofShard(campaignId, shard, workload)),
            ...ofControl(campaignId, workload),
            ...ofBucket(liveBucketName(campaignId), rightsOf(workload).buckets.live),
            ...ofLiveKeys(liveBucketName(campaignId), rightsOf(workload).buckets.liveKeys),
            ...ofBucket(dataKeyBucketName(campaignId), rightsOf(workload).buckets.dataKeys),
            ...ofBucket(excludedBucketName(campaignId), rightsOf(workload).buckets.excluded ?? 'none'),
            ...ofClaims(claimsBucketName(campaignId), rightsOf(workload).buckets.claims),
          ]),
        ),
      ],
      deny: durable.flatMap(({ tier, name }) => [
        `${API}.CONSUMER.CREATE.*.${name}`,
        `${API}.CONSUMER.CREATE.*.${name}.>`,
        `${API}.CONSUMER.DELETE.*.${name}`,
        ...(workloads.includes(tier) ? [] : [`${API}.CONSUMER.MSG.NEXT.*.${name}`]),
      ]),
    },
    subscribe: [`_INBOX.${user}.>`],
  };
};

const quoted = (subjects: readonly string[]): string => `[${subjects.map((one) => JSON.stringify(one)).join(', ')}]`;

const userOf = (user: string, password: string, { publish, subscribe }: Permissions): string => `  {
    user: ${JSON.stringify(user)}
    password: ${JSON.stringify(password)}
    permissions: {
      publish: { allow: ${quoted(publish.allow)}, deny: ${quoted(publish.deny)} }
      subscribe: ${quoted(subscribe)}
    }
  }
`;

const usersOf = (campaignId: string, shards: number, accountsKey: string): string => {
  const former = accountName(campaignId);
  return [
    ...WORKLOADS.map((workload) => {
      const user = accountName(campaignId, workload);
      const password = accountPassword(accountsKey, 'nats', campaignId, workload);
      return userOf(user, password, permissionsOf(campaignId, shards, [workload], user));
    }),
    // For pods of an installation in which all tiers shared one account, until they are restarted. No new Secret has its
    // password. To be removed with the first release.
    userOf(
      former,
      accountPassword(accountsKey, 'nats', campaignId),
      permissionsOf(campaignId, shards, ['intake', 'records'], former),
    ),
  ].join('');
};

/** For `authorization { … }` of nats-server, which reloads certificates when this text, with their hash, changes. */
export const accountsConfig = (
  { shards, campaigns }: AccountsRequest,
  accountsKey: string,
  certificates: string,
): string =>
  `# certificates ${certificates}
users: [
  { user: operator, password: $OPERATOR_PASSWORD }
${campaigns.map((campaignId) => usersOf(campaignId, shards, accountsKey)).join('')}]
`;

/**
 * Work that is done once and ends: every Job and its permissions, as contract/tiers.ts has them for tiers. A Job has no replicas that
 * follow a crowd, no section of the spec, and no consumer: it reads the journal from its first message, and can be repeated. Pure.
 */
import { DRAW_CHAIN } from './decisions/control.ts';
import { ANY_EXCLUDED } from './decisions/exclusion.ts';
import type { TierRights } from './tier-entry.ts';
import { entryOf, isTier, rightsOf as rightsOfTier, secretsOf, TIERS, type Tier, tiersOf, urlsOf } from './tiers.ts';
import type { DrawSpec } from './types/draw.ts';

interface JobEntry {
  /** Also the name of its role in the image, and part of its objects' names. */
  readonly name: string;
  readonly does: string;
  /** What officials read. */
  readonly nameZh: string;
  readonly pod: ReturnType<typeof entryOf>['pod'];
  /** It runs for hours, and reports on its admin port. Absent: it works for minutes, and is asked for nothing. */
  readonly isWatched?: true;
  /** For how long one that has ended can be looked at. */
  readonly keptSeconds: number;
  /** It reads an earlier campaign as well (contract/decisions/exclusion.ts), with that one's account and privacy Secret. */
  readonly isOfEarlier?: true;
  /** It asks the outside systems of this tier, in whose section its Secrets and addresses are, and gets a share of their rate. */
  readonly asks?: Tier;
  readonly rights: TierRights;
}

const KEPT_SECONDS = 600;

const TABLE = [
  {
    name: 'draw',
    does: 'makes the list of the draw from the journal up to the barriers, commits to it, draws, and publishes who has won or moved up',
    nameZh: '摇号',
    // 3.31 million people need 0.33 GiB, 20 million 1.2 GiB, nearly all of it outside V8's heap (test/bench/list.ts).
    pod: { cpu: '500m', memory: '512Mi', memoryLimit: '2Gi', heapMebibytes: 256 },
    keptSeconds: KEPT_SECONDS,
    rights: {
      publishes: ['won', 'waitlisted', 'promoted', 'lost'],
      looksUp: ['shards'],
      decides: ['listed', DRAW_CHAIN],
      buckets: { live: 'none', dataKeys: 'none', excluded: 'reads' },
      // An entry is a hash of receipt and secret, and secrets derive from the citizen key.
      privacyKeys: 'citizen',
      secrets: [],
      database: 'none',
      egress: 'none',
    },
  },
  {
    name: 'compare',
    does: 'compares the database with the journal, from opening until the list of the draw is made',
    nameZh: '对账',
    // 330,000 people with a verdict each need 48 MiB outside V8's heap, so 3.31 million 480 MiB, and 20 million 2.9 GiB: then set more.
    pod: { cpu: '250m', memory: '512Mi', memoryLimit: '1536Mi', heapMebibytes: 256 },
    isWatched: true,
    // It is created again soon: without it nothing is compared.
    keptSeconds: 30,
    rights: {
      publishes: [],
      // It ends by itself when the list is made.
      looksUp: ['shards', 'decisions'],
      buckets: { live: 'none', dataKeys: 'none' },
      privacyKeys: false,
      secrets: [],
      // Of `sealed` it compares a digest, and it has no key that opens it.
      database: {
        registration: [
          'campaign_id',
          'receipt',
          'citizen_hash',
          'accepted_at',
          'kind',
          'bucket',
          'seq',
          'shard',
          'site',
          'channel',
          'category',
          'locale',
          'policy_version',
          'key_id',
          'sealed',
        ],
        superseded_receipt: ['campaign_id', 'receipt', 'citizen_hash', 'accepted_at', 'kind'],
        registration_fact: [
          'campaign_id',
          'receipt',
          'type',
          'attempt',
          'at',
          'event_id',
          'citizen_hash',
          'account_hash',
          'kind',
          'site',
          'key_id',
          'data',
          'channel',
          'shard',
          'seq',
        ],
        rejected_message: ['campaign_id', 'shard', 'seq', 'reason'],
        kept_event: ['campaign_id', 'subject'],
      },
      egress: 'none',
    },
  },
  {
    name: 'books',
    does: 'reconciles winners and vouchers with the channels, when a person orders it',
    nameZh: '发券对账',
    // 250,000 winners need 72 MiB, nearly all of it outside V8's heap, so 2.5 million 0.7 GiB.
    pod: { cpu: '250m', memory: '512Mi', memoryLimit: '2Gi', heapMebibytes: 256 },
    isWatched: true,
    keptSeconds: KEPT_SECONDS,
    asks: 'issuance',
    rights: {
      publishes: [],
      looksUp: ['shards', 'decisions'],
      buckets: { live: 'reads', dataKeys: 'reads' },
      // Opens accounts: a channel is asked by account.
      privacyKeys: true,
      secrets: rightsOfTier('issuance').secrets,
      database: 'none',
      egress: rightsOfTier('issuance').egress,
    },
  },
  {
    name: 'exclude',
    does: 'lists the winners of an earlier campaign, who take no part in this one, before the keys of that campaign are destroyed',
    nameZh: '往期中签排除',
    // 2.5 million winners need 0.3 GiB, nearly all of it outside V8's heap.
    pod: { cpu: '250m', memory: '512Mi', memoryLimit: '2Gi', heapMebibytes: 256 },
    keptSeconds: KEPT_SECONDS,
    isOfEarlier: true,
    rights: {
      publishes: [],
      looksUp: ['shards', 'decisions'],
      decides: [ANY_EXCLUDED],
      // It opens identity numbers of the earlier campaign, and stores hashes of this one.
      buckets: { live: 'none', dataKeys: 'reads', excluded: 'writes' },
      privacyKeys: 'citizen',
      secrets: [],
      database: 'none',
      egress: 'none',
    },
  },
] as const satisfies readonly JobEntry[];

export type JobName = (typeof TABLE)[number]['name'];
/** What has pods with an account and permissions of its own. */
export type Workload = Tier | JobName;

export const JOBS: readonly JobName[] = TABLE.map(({ name }) => name);
export const WORKLOADS: readonly Workload[] = [...TIERS, ...JOBS];

/** Whether it reads an earlier campaign as well. */
export const isOfEarlier = (name: JobName): boolean => jobEntryOf(name).isOfEarlier === true;

/** Of a campaign's spec: winners of which campaigns take no part. */
export const earlierCampaignsOf = ({
  eligibility,
}: {
  readonly eligibility?: { readonly excludeWinnersOf?: readonly { readonly campaign: string }[] };
}): readonly string[] => (eligibility?.excludeWinnersOf ?? []).map(({ campaign }) => campaign);

/** Jobs that a campaign can have: those that ask a tier's outside systems only with its section, `exclude` only with an earlier campaign. */
export const jobsOf = (spec: Parameters<typeof earlierCampaignsOf>[0]): readonly JobName[] =>
  JOBS.filter((job) => {
    const { asks } = jobEntryOf(job);
    if (isOfEarlier(job) && earlierCampaignsOf(spec).length === 0) return false;
    return asks === undefined || tiersOf(spec).includes(asks);
  });

export const isJob = (word: string | undefined): word is JobName => JOBS.some((job) => job === word);

/** One value a workload. */
export const perWorkload = <T>(of: (workload: Workload) => T): Readonly<Record<Workload, T>> =>
  // Every workload is a key; the type of fromEntries does not know that.
  Object.fromEntries(WORKLOADS.map((workload) => [workload, of(workload)])) as Record<Workload, T>;

const jobEntryOf = (name: JobName): JobEntry => {
  const entry = TABLE.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`there is no Job ${name}`);
  return entry;
};

/** Any of the public ones: a NetworkPolicy knows ports, not hosts. */
const DRAND_URL = 'https://api.drand.sh';

/** The part of a campaign's spec that is needed here, beside the sections of tiers. */
interface Spec {
  readonly draw: DrawSpec;
}

/** The relays of the draw's sources, and the store of its files. */
const drawUrlsOf = ({ draw }: Spec): readonly string[] => [
  ...(draw.sources ?? []).flatMap(({ type, relays = [] }) => {
    if (type !== 'Drand') return [];
    return relays.length === 0 ? [DRAND_URL] : relays;
  }),
  ...(draw.bundleStore === undefined ? [] : [draw.bundleStore.url]),
];

/** The tier whose outside systems a workload asks; undefined: none. */
export const askedAs = (workload: Workload): Tier | undefined =>
  isTier(workload) ? workload : jobEntryOf(workload).asks;

/** Addresses outside the data plane that a workload's pods call. */
export const workloadUrlsOf = (spec: Spec, workload: Workload): readonly string[] => {
  if (workload === 'draw') return drawUrlsOf(spec);
  const tier = askedAs(workload);
  return tier === undefined ? [] : urlsOf(spec, tier);
};

/** Secrets that a workload's pods mount besides their accounts, by their names in the table of tiers. */
export const workloadSecretsOf = (spec: object, workload: Workload): ReturnType<typeof secretsOf> => {
  const tier = askedAs(workload);
  return tier === undefined ? [] : secretsOf(spec, tier);
};

export const rightsOf = (workload: Workload): TierRights =>
  isTier(workload) ? rightsOfTier(workload) : jobEntryOf(workload).rights;

/** Whether the operator reads its metrics page. */
export const isWatchedJob = (name: JobName): boolean => jobEntryOf(name).isWatched === true;

/** For how long a Job that has ended can be looked at. */
export const keptSecondsOf = (name: JobName): number => jobEntryOf(name).keptSeconds;

/** Whether its pods have the port of probes and metrics. */
export const hasAdminPort = (workload: Workload): boolean => isTier(workload) || isWatchedJob(workload);

export const podOf = (workload: Workload): JobEntry['pod'] =>
  (isTier(workload) ? entryOf(workload) : jobEntryOf(workload)).pod;

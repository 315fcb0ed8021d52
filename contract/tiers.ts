/**
 * Every tier, and what each may do: one entry a tier, from which schema, manifests, journal accounts, database roles and the
 * tables of the command line are made. A tier that is added is an entry here, its section of the spec, and its role in `app/`
 * (docs/adr/0028). Pure; imports only the envelope's types.
 */
import type { EventType } from './envelope.ts';

/** Kinds of events, those among them that citizens have no form for yet. */
export type PublishedType = EventType | 'corrected' | 'bound' | 'channel_changed';

export interface TierRights {
  /** Events that it may put into the journal. All others are the operator's, or of tiers that have them here. */
  readonly publishes: readonly PublishedType[];
  /**
   * - `receipts`: single registrations, by receipt, and those that went astray (journal/acceptances.ts, astray.ts)
   * - `shards`: every message from any point on, for a database that is made anew (journal/replay.ts)
   */
  readonly looksUp: readonly ('receipts' | 'shards')[];
  readonly buckets: { readonly live: BucketRight; readonly dataKeys: BucketRight };
  /** Whether it gets the keys of the privacy Secret: of citizens, of canaries, and those that wrap data keys. */
  readonly privacyKeys: boolean;
  /** Secrets of its own, which its section of the spec names in `field`; each mounted, and named to the role by secretDirOf. */
  readonly secrets: readonly { readonly name: string; readonly field: string }[];
  /**
   * - `writes`: has the tables, as a member of their owner
   * - columns by table: may read those, and nothing else
   * - `none`: has no account there
   */
  readonly database: 'none' | 'writes' | Readonly<Record<string, readonly string[]>>;
  /** What it calls beside journal and database. A NetworkPolicy knows no host names: the port is what it opens. */
  readonly egress: readonly { readonly host: string; readonly port: number }[];
}

export type BucketRight = 'none' | 'reads' | 'writes';

interface TierEntry {
  /** Also of its role in the image, its consumer, and its part of every name. */
  readonly name: string;
  /** What it does, for `kubectl explain`: `… answers citizens; it follows …`. */
  readonly does: string;
  /** What officials read: 登记入口. */
  readonly nameZh: string;
  /** Stands for it in names of ScalePlans: another one for each tier. */
  readonly letter: string;
  /** What its replicas follow: what comes in, or what waits in its consumer. */
  readonly demand: 'arrivals' | 'backlog';
  /** Events that its consumer hands to it. `nothing`: it has no consumer. */
  readonly takes: 'nothing' | 'everything' | readonly EventType[];
  /** Section of the spec without which it does not exist. Absent: every campaign has it. */
  readonly section?: string;
  readonly defaults: {
    readonly max: number;
    /** Replicas authorised without asking. */
    readonly ceiling: number;
    /** Registrations per second. */
    readonly capacityPerReplica: number;
    readonly capacityOrigin: string;
  };
  readonly pod: {
    readonly cpu: string;
    readonly memory: string;
    readonly memoryLimit: string;
    readonly heapMebibytes: number;
  };
  readonly rights: TierRights;
}

const TABLE = [
  {
    name: 'intake',
    does: 'answers citizens; it follows the rate of arrivals',
    nameZh: '登记入口',
    letter: 'i',
    demand: 'arrivals',
    takes: 'nothing',
    defaults: {
      max: 600,
      ceiling: 20,
      capacityPerReplica: 500,
      capacityOrigin: 'a fifth of what one shared core did with encryption and one write',
    },
    // Stays under 150 MiB under load; the limit is what turns a leak into one restart instead of a lost node.
    pod: { cpu: '500m', memory: '160Mi', memoryLimit: '256Mi', heapMebibytes: 96 },
    rights: {
      // What citizens do, and nothing that is decided about them.
      publishes: ['received', 'corrected', 'withdrawn', 'bound', 'channel_changed'],
      looksUp: ['receipts'],
      buckets: { live: 'reads', dataKeys: 'writes' },
      privacyKeys: true,
      secrets: [],
      // What a receipt has come to; never `sealed`, which the keys that it has would open.
      database: {
        registration: ['campaign_id', 'receipt', 'accepted_at', 'channel', 'category'],
        registration_fact: ['campaign_id', 'receipt', 'type', 'attempt', 'at', 'channel'],
        superseded_receipt: ['campaign_id', 'receipt', 'accepted_at'],
      },
      egress: [],
    },
  },
  {
    name: 'records',
    does: 'writes the journal into the database; it follows the backlog',
    nameZh: '入库',
    letter: 'r',
    demand: 'backlog',
    takes: 'everything',
    defaults: {
      max: 16,
      ceiling: 4,
      capacityPerReplica: 3000,
      capacityOrigin: 'about a seventh of the bare fetch, upsert and acknowledge path on two cores',
    },
    // Holds batches of 500 messages a shard.
    pod: { cpu: '250m', memory: '160Mi', memoryLimit: '384Mi', heapMebibytes: 128 },
    rights: {
      publishes: [],
      looksUp: ['shards'],
      buckets: { live: 'none', dataKeys: 'none' },
      privacyKeys: false,
      secrets: [],
      database: 'writes',
      egress: [],
    },
  },
] as const satisfies readonly TierEntry[];

export type Tier = (typeof TABLE)[number]['name'];

/** In the order in which people read them. */
export const TIERS: readonly Tier[] = TABLE.map(({ name }) => name);

export const isTier = (word: string | undefined): word is Tier => TIERS.some((tier) => tier === word);

/** One value a tier. */
export const perTier = <T>(of: (tier: Tier) => T): Readonly<Record<Tier, T>> =>
  // Every tier is a key of it; the type of fromEntries forgets that.
  Object.fromEntries(TIERS.map((tier) => [tier, of(tier)])) as Record<Tier, T>;

const entries = Object.fromEntries(TABLE.map((entry): [string, TierEntry] => [entry.name, entry]));

export const entryOf = (tier: Tier): TierEntry => {
  const entry = entries[tier];
  if (entry === undefined) throw new Error(`there is no tier ${tier}`);
  return entry;
};
export const rightsOf = (tier: Tier): TierRights => entryOf(tier).rights;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Its own section of a campaign's spec; undefined where it is left out, and of a tier without one. */
export const sectionOf = (spec: object, tier: Tier): Readonly<Record<string, unknown>> | undefined => {
  const { section } = entryOf(tier);
  const found = section !== undefined && isObject(spec) ? spec[section] : undefined;
  return isObject(found) ? found : undefined;
};

/** Those that a campaign has: those without a section of the spec, and those whose section is there. */
export const tiersOf = (spec: object): readonly Tier[] =>
  TIERS.filter((tier) => entryOf(tier).section === undefined || sectionOf(spec, tier) !== undefined);

/** Secrets that its pods mount beside their accounts, by the names that the table gives them. */
export const secretsOf = (spec: object, tier: Tier): readonly (readonly [name: string, secretName: string])[] =>
  rightsOf(tier).secrets.flatMap(({ name, field }) => {
    const secretName = sectionOf(spec, tier)?.[field];
    return typeof secretName === 'string' ? [[name, secretName] as const] : [];
  });

/** Whether its replicas follow what comes in. */
export const followsArrivals = (tier: Tier): boolean => entryOf(tier).demand === 'arrivals';
/** With a consumer on every shard. */
export const hasConsumer = (tier: Tier): boolean => entryOf(tier).takes !== 'nothing';

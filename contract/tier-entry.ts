/** What the table of tiers says of one (contract/tiers.ts). Pure. */
import type { ControlType, DRAW_CHAIN } from './decisions/control.ts';
import type { ANY_EXCLUDED } from './decisions/exclusion.ts';
import type { Channel, EventType } from './envelope.ts';

export interface TierRights {
  /** Events that it may publish into the journal. */
  readonly publishes: readonly EventType[];
  /**
   * - `receipts`: single registrations, by receipt, and those that went astray (journal/receipts/acceptances.ts, astray.ts)
   * - `shards`: every message from any point on, to rebuild a database (journal/replay.ts)
   * - `decisions`: entries of the control stream, without `decides`
   */
  readonly looksUp: readonly ('receipts' | 'shards' | 'decisions')[];
  /** Entries that it may append to the control stream, which it then may read. Absent: it does not see that stream. */
  readonly decides?: readonly (ControlType | typeof DRAW_CHAIN | typeof ANY_EXCLUDED)[];
  readonly buckets: {
    readonly live: BucketRight;
    /** Keys of the live bucket that it may write. */
    readonly liveKeys?: readonly string[];
    readonly dataKeys: BucketRight;
    /** Kinds of claims that it may make; it may read all (journal/claims.ts, coupons.ts). Absent: it does not see that bucket. */
    readonly claims?: readonly ClaimKind[];
    /** Lists of earlier winners (journal/excluded-lists.ts). Absent: it does not see that bucket. */
    readonly excluded?: BucketRight;
  };
  /**
   * Whether it gets the keys of the privacy Secret: those for citizens and canaries, and those that wrap data keys. `citizen`: that
   * one alone, with which it derives receipts and secrets, and opens no personal data.
   */
  readonly privacyKeys: boolean | 'citizen';
  /** Secrets of its own, named in `field` of its section of the spec. Each is mounted in the directory that secretDirOf names. */
  readonly secrets: readonly { readonly name: string; readonly field: string }[];
  /**
   * - `writes`: a member of the tables' owner
   * - columns by table: may read those, and nothing else
   * - `none`: has no account there
   */
  readonly database: 'none' | 'writes' | Readonly<Record<string, readonly string[]>>;
  /**
   * What it calls besides journal and database: the `url` of each item of this list in its section of the spec, or `byDefault` where
   * that is left out: one address for all, or one for each `name` or `type`.
   */
  readonly egress: 'none' | { readonly list: string; readonly byDefault: string | Readonly<Record<string, string>> };
}

export type BucketRight = 'none' | 'reads' | 'writes';

/** First word of a claim's key: `account.<hash>`. */
export type ClaimKind = 'assertion' | 'account' | 'coupon';

export interface TierEntry {
  /** Also the name of its role in the image and of its consumer, and part of its objects' names. */
  readonly name: string;
  /** What it does, for `kubectl explain`: `… answers citizens; it scales with …`. */
  readonly does: string;
  /** What officials read: 登记入口. */
  readonly nameZh: string;
  /** Its letter in names of ScalePlans, unique. */
  readonly letter: string;
  /** What its replicas follow: arrivals at its own pods, or the backlog of its consumer. */
  readonly demand: 'arrivals' | 'backlog';
  /** What it is reached for by HTTP, by citizens or channels: then it has a Service. Absent: it is not reached. */
  readonly serves?: 'registrations' | 'logins' | 'callbacks';
  /** Events that its consumer delivers. `nothing`: it has no consumer. */
  readonly takes: 'nothing' | 'everything' | readonly EventType[];
  /**
   * Consumers besides that one: one for each name, of the `issuing` events of that channel. So what waits for one channel is not in the
   * way of another one (docs/adr/0036-issuing-is-a-fact.md).
   */
  readonly lanes?: readonly Channel[];
  /** Section of the spec without which it does not exist. Absent: every campaign has it. */
  readonly section?: string;
  /** Whose rate caps it: it is never scaled beyond what that rate needs. Absent: nothing outside does. */
  readonly outsideCap?: 'provider' | 'channel';
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

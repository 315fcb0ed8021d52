/**
 * Every tier and its permissions. Schema, manifests, journal accounts, database roles and the tables of the command line are
 * made from these entries. A new tier is an entry here, its section of the spec, and its role in `app/` (docs/adr/0028). Pure.
 */

import { QUEUE_KEYS } from './crowd/queue.ts';
import { CHANNELS, type Channel } from './envelope.ts';
import { SITE_KEYS } from './sites.ts';
import type { TierEntry, TierRights } from './tier-entry.ts';
import { isJsonObject, type JsonObject } from './untrusted.ts';

/** Where a channel is asked. */
export const CHANNEL_URLS: Readonly<Record<Channel, string>> = {
  wechat: 'https://api.mch.weixin.qq.com',
  alipay: 'https://openapi.alipay.com/gateway.do',
  unionpay: 'https://open.95516.com',
};

/** Where the login of a channel is asked, by the type of the system. Of type Oidc, `url` is required. */
export const LOGIN_URLS = {
  WeChat: 'https://api.weixin.qq.com',
  Alipay: CHANNEL_URLS.alipay,
  UnionPay: CHANNEL_URLS.unionpay,
} as const;

/** Where a provider of type TencentIdCard is asked. */
export const TENCENT_URL = 'https://faceid.tencentcloudapi.com';

const TABLE = [
  {
    name: 'intake',
    does: 'answers citizens; it scales with arrivals',
    nameZh: '登记入口',
    letter: 'i',
    demand: 'arrivals',
    serves: 'registrations',
    takes: 'nothing',
    defaults: {
      max: 600,
      ceiling: 20,
      capacityPerReplica: 500,
      capacityOrigin: 'a fifth of the rate measured on one shared core, with encryption and one write',
    },
    // About 165 MiB at full load. The limit turns a leak into one restart instead of a lost node.
    pod: { cpu: '500m', memory: '176Mi', memoryLimit: '256Mi', heapMebibytes: 96 },
    rights: {
      // What citizens do, never what is decided about them.
      publishes: ['received', 'corrected', 'withdrawn', 'bound', 'channel_changed'],
      looksUp: ['receipts'],
      buckets: {
        live: 'reads',
        // Numbers of the waiting room, the proof that a write is durable, and once the fingerprints of its keys.
        liveKeys: [QUEUE_KEYS.next, SITE_KEYS.probe, SITE_KEYS.keys],
        dataKeys: 'writes',
        claims: ['assertion', 'account'],
        excluded: 'reads',
      },
      privacyKeys: true,
      secrets: [],
      // The state of a receipt beside the person's others; never `sealed`, which the tier's keys could open.
      database: {
        registration: ['campaign_id', 'citizen_hash', 'receipt', 'accepted_at', 'channel', 'category'],
        registration_fact: ['campaign_id', 'receipt', 'type', 'attempt', 'at', 'channel'],
        superseded_receipt: ['campaign_id', 'citizen_hash', 'receipt', 'accepted_at'],
      },
      egress: 'none',
    },
  },
  {
    name: 'records',
    does: 'writes the journal into the database; it scales with the backlog',
    nameZh: '入库',
    letter: 'r',
    demand: 'backlog',
    takes: 'everything',
    defaults: {
      max: 16,
      ceiling: 4,
      capacityPerReplica: 3000,
      capacityOrigin: 'about a seventh of the rate measured on two cores for fetch, upsert and acknowledge alone',
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
      egress: 'none',
    },
  },
  {
    name: 'verification',
    does: 'checks identities with the providers; it scales with the backlog, up to what the providers allow',
    nameZh: '身份核验',
    letter: 'v',
    demand: 'backlog',
    takes: ['received', 'corrected'],
    section: 'verification',
    outsideCap: 'provider',
    defaults: {
      max: 16,
      ceiling: 4,
      capacityPerReplica: 100,
      capacityOrigin: 'the usual rate that one provider allows; a replica can do several times that',
    },
    pod: { cpu: '250m', memory: '160Mi', memoryLimit: '384Mi', heapMebibytes: 128 },
    rights: {
      // A verdict, and that a reviewer looked or decided; nothing that a citizen does.
      publishes: ['verified', 'rejected', 'manual_review', 'reviewed'],
      // Whether a verdict is stored already: a paid call is not repeated.
      looksUp: ['receipts'],
      buckets: { live: 'reads', dataKeys: 'reads' },
      // Opens names and numbers.
      privacyKeys: true,
      secrets: [{ name: 'providers', field: 'secretName' }],
      database: 'none',
      egress: { list: 'providers', byDefault: TENCENT_URL },
    },
  },
  {
    name: 'issuance',
    does: 'issues vouchers through the channels; it scales with the backlog, up to what the channels allow',
    nameZh: '发券',
    letter: 'c',
    demand: 'backlog',
    serves: 'callbacks',
    takes: ['won', 'promoted', 'bound', 'channel_changed'],
    lanes: CHANNELS,
    section: 'issuance',
    outsideCap: 'channel',
    defaults: {
      max: 16,
      ceiling: 4,
      capacityPerReplica: 250,
      capacityOrigin: 'half of the rate that WeChat Pay allows one merchant; not measured yet',
    },
    pod: { cpu: '250m', memory: '160Mi', memoryLimit: '384Mi', heapMebibytes: 128 },
    rights: {
      publishes: ['issuing', 'issue_failed', 'issued', 'expired', 'redeemed'],
      // Whether a request was answered before, and the account of a winner.
      looksUp: ['receipts', 'decisions'],
      // Whose coupon a callback names.
      buckets: { live: 'reads', dataKeys: 'reads', claims: ['coupon'] },
      // Opens accounts.
      privacyKeys: true,
      secrets: [{ name: 'channels', field: 'secretName' }],
      database: 'none',
      egress: { list: 'channels', byDefault: CHANNEL_URLS },
    },
  },
  {
    name: 'login',
    does: 'signs who a citizen is, after the login of the city or of a channel; it scales with the logins that arrive at it',
    nameZh: '登录',
    letter: 'l',
    demand: 'arrivals',
    serves: 'logins',
    takes: 'nothing',
    section: 'login',
    defaults: {
      max: 64,
      ceiling: 4,
      capacityPerReplica: 100,
      capacityOrigin: 'an estimate for one request to the system and one signature for each login; not measured yet',
    },
    pod: { cpu: '250m', memory: '160Mi', memoryLimit: '256Mi', heapMebibytes: 96 },
    rights: {
      publishes: [],
      looksUp: [],
      buckets: { live: 'reads', dataKeys: 'none' },
      // What it learns of a person, it signs and forgets.
      privacyKeys: false,
      secrets: [{ name: 'login', field: 'secretName' }],
      database: 'none',
      egress: { list: 'systems', byDefault: LOGIN_URLS },
    },
  },
] as const satisfies readonly TierEntry[];

export type Tier = (typeof TABLE)[number]['name'];

/** In the order in which people read them. */
export const TIERS: readonly Tier[] = TABLE.map(({ name }) => name);

export const isTier = (word: string | undefined): word is Tier => TIERS.some((tier) => tier === word);

/** One value a tier. */
export const perTier = <T>(of: (tier: Tier) => T): Readonly<Record<Tier, T>> =>
  // Every tier is a key; the type of fromEntries does not know that.
  Object.fromEntries(TIERS.map((tier) => [tier, of(tier)])) as Record<Tier, T>;

const entries = Object.fromEntries(TABLE.map((entry): [string, TierEntry] => [entry.name, entry]));

export const entryOf = (tier: Tier): TierEntry => {
  const entry = entries[tier];
  if (entry === undefined) throw new Error(`there is no tier ${tier}`);
  return entry;
};
export const rightsOf = (tier: Tier): TierRights => entryOf(tier).rights;

/** A tier's own section of a campaign's spec; undefined where it is left out, and for a tier without one. */
export const sectionOf = (spec: object, tier: Tier): JsonObject | undefined => {
  const { section } = entryOf(tier);
  const found = section !== undefined && isJsonObject(spec) ? spec[section] : undefined;
  return isJsonObject(found) ? found : undefined;
};

/** Tiers of a campaign: those without a section of the spec, and those whose section is stated. */
export const tiersOf = (spec: object): readonly Tier[] =>
  TIERS.filter((tier) => entryOf(tier).section === undefined || sectionOf(spec, tier) !== undefined);

/** Secrets that a tier's pods mount besides their accounts, by their names in the table. */
export const secretsOf = (spec: object, tier: Tier): readonly (readonly [name: string, secretName: string])[] =>
  rightsOf(tier).secrets.flatMap(({ name, field }) => {
    const secretName = sectionOf(spec, tier)?.[field];
    return typeof secretName === 'string' ? [[name, secretName] as const] : [];
  });

/** Addresses outside the data plane that a tier's pods call. */
export const urlsOf = (spec: object, tier: Tier): readonly string[] => {
  const { egress } = rightsOf(tier);
  if (egress === 'none') return [];
  const items = sectionOf(spec, tier)?.[egress.list];
  if (!Array.isArray(items)) return [];
  const { byDefault } = egress;
  return items.flatMap((item) => {
    if (!isJsonObject(item)) return [];
    if (typeof item['url'] === 'string') return [item['url']];
    if (typeof byDefault === 'string') return [byDefault];
    const found = byDefault[String(item['name'])] ?? byDefault[String(item['type'])];
    return found === undefined ? [] : [found];
  });
};

export const followsArrivals = (tier: Tier): boolean => entryOf(tier).demand === 'arrivals';
/** Its consumers on every shard: its own, named by `undefined`, and one for each lane. None without events to take. */
export const consumersOf = (tier: Tier): readonly (Channel | undefined)[] =>
  hasConsumer(tier) ? [undefined, ...(entryOf(tier).lanes ?? [])] : [];
/** Whether its pods are reached by HTTP from outside the cluster. */
export const servesHttp = (tier: Tier): boolean => entryOf(tier).serves !== undefined;
/** Whether it takes registrations, so that admission and the tiers that read the journal follow from it. */
export const takesRegistrations = (tier: Tier): boolean => entryOf(tier).serves === 'registrations';
/** Whether it has a consumer on every shard. */
export const hasConsumer = (tier: Tier): boolean => entryOf(tier).takes !== 'nothing';

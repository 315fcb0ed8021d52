/** Live settings by key-value watch: the last valid value is kept while the bucket is unavailable. */

import { z } from 'zod';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { frozenExclusions } from '../../contract/decisions/exclusion.ts';
import { LIVE_SETTINGS_KEY, liveBucketName } from '../../contract/names.ts';
import { KEY_SPACES, UNIQUENESS } from '../../contract/uniqueness.ts';
import { parseJson } from '../../contract/untrusted.ts';
import type { CampaignJournal } from '../connection.ts';
import type { LiveSettingsSource } from '../publishing.ts';
import { type Entry, followKeys } from './follow-keys.ts';

const text = z.object({ 'zh-CN': z.string(), en: z.string() });
const instant = z.string().refine((value) => !Number.isNaN(Date.parse(value)));
const count = z.number().nonnegative();

const position = z.int().nonnegative();

type Every<Fields> = Readonly<Record<keyof Fields, z.ZodType>>;

/** Unknown fields are ignored: pods must accept the settings of a newer operator. A field that is not listed here reaches no pod. */
const liveSettings = z.object({
  v: z.literal(1),
  generation: z.number(),
  title: text,
  look: z
    .object({
      colour: z.string().exactOptional(),
      emblem: z.string().exactOptional(),
      otherOrigins: z.array(z.string()).readonly().exactOptional(),
    } satisfies Every<NonNullable<LiveSettings['look']>>)
    .exactOptional(),
  window: z.object({ opensAt: instant, closesAt: instant }),
  // Defaults: the previous release's operator does not write these.
  identity: z.object({ keySpace: z.enum(KEY_SPACES).default('residentNumber') }).prefault({}),
  eligibility: z.object({
    minAge: count,
    uniqueness: z.enum(UNIQUENESS).default('perCitizen'),
    excludeWinnersOf: z.array(text).exactOptional(),
  } satisfies Every<LiveSettings['eligibility']>),
  draw: z
    .object({
      verifyBy: instant.exactOptional(),
      unverified: z.enum(['exclude', 'enter']).default('exclude'),
      bundleUrl: z.string().exactOptional(),
    } satisfies Every<LiveSettings['draw']>)
    .prefault({}),
  privacy: z.object({ deleteAt: instant }).exactOptional(),
  vouchers: z.array(
    z.object({
      name: z.string(),
      title: text,
      faceValueFen: count,
      minimumSpendFen: count,
      quota: count,
      validDays: count,
    }),
  ),
  traffic: z.object({
    admissionPerSecond: count,
    intakePods: z.number().min(1),
    burstSeconds: count,
    waitingRoom: z.object({ enabled: z.boolean(), preQueueMinutes: count }).exactOptional(),
    limits: z
      .object({ citizenPerMinute: count, phonePerMinute: count, devicePerMinute: count, addressPerMinute: count })
      .exactOptional(),
    trustedProxies: z.array(z.string()).readonly().exactOptional(),
  } satisfies Every<LiveSettings['traffic']>),
  loginPods: z.number().min(1).exactOptional(),
  page: z.object({ title: text, text, retryAfterSeconds: count }).exactOptional(),
  published: z.record(z.string(), z.unknown()).exactOptional(),
  announced: z
    .object({
      barriers: z.array(position).readonly(),
      unverified: z.enum(['exclude', 'enter', 'unchecked']),
      excluded: frozenExclusions.exactOptional(),
    } satisfies Every<NonNullable<LiveSettings['announced']>>)
    .exactOptional(),
  sections: z.record(z.string(), z.unknown()).exactOptional(),
  reviews: z.record(z.string(), z.object({ by: z.string(), until: instant, sha256: z.string() })).exactOptional(),
  behind: z.object({ atMostSeconds: count, asOf: instant, isStopped: z.literal(true).exactOptional() }).exactOptional(),
} satisfies Every<LiveSettings>);

/** @throws z.ZodError */
export const liveSettingsOf = (value: unknown): LiveSettings => liveSettings.parse(value);

export interface LiveSettingsOptions extends Omit<CampaignJournal, 'shards'> {
  /** An invalid value, or a watch that failed; both are retried. */
  readonly onError: (error: unknown) => void;
  /** Every new value, including the first. */
  readonly onChange?: (settings: LiveSettings) => void;
}

export interface LiveSettingsWatch extends LiveSettingsSource {
  /** Resolves with the first value; never if the signal fires before. */
  readonly first: Promise<LiveSettings>;
}

export const watchLiveSettings = (options: LiveSettingsOptions, signal: AbortSignal): LiveSettingsWatch => {
  const { connection, campaignId, onError, onChange } = options;
  const first = Promise.withResolvers<LiveSettings>();
  let current: LiveSettings | undefined;

  const take = ({ value, revision }: Entry): void => {
    try {
      const settings = liveSettingsOf(parseJson(value));
      current = settings;
      first.resolve(settings);
      onChange?.(settings);
    } catch (cause) {
      onError(new Error(`revision ${revision} of the live settings is not valid; the previous one is kept`, { cause }));
    }
  };

  const bucket = liveBucketName(campaignId);
  followKeys({ connection, bucket, filter: LIVE_SETTINGS_KEY, keys: [LIVE_SETTINGS_KEY], take, onError }, signal);
  return { current: () => current, first: first.promise };
};

/**
 * Parses envelopes: bytes from the journal become a typed event, or the reason why they are none.
 *
 * Intakes are upgraded before records, or after them, so messages of a later release arrive:
 *
 * | what a later release adds                | result |
 * |------------------------------------------|--------|
 * | a member of version 1                    | the member is dropped and the event counts, so it must not change what a fact is or whose |
 * | a type of version 1                      | `unknown`: kept unchanged for a release that knows it |
 * | a version                                | `unknown`, regardless of all other changes |
 * | another value in a member of version 1   | `invalid`: such a change needs a new version |
 */
import { z } from 'zod';
import {
  CHANNELS,
  EVENT_KINDS,
  EVENT_TYPES,
  type EventEnvelope,
  type EventType,
  NO_CITIZEN,
  NO_RECEIPT,
  type ReceivedData,
} from './envelope.ts';
import { UNIQUENESS } from './uniqueness.ts';
import { parseJson } from './untrusted.ts';

/** Fixed width, so that text order is time order: the winner rule depends on it. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const RECEIPT = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const HASH = /^[0-9a-f]{64}$/;
/** Also of types of later releases. */
const TYPE = /^[a-z][a-z0-9_]{0,62}$/;
/** Far above any number of corrections or tries; four digits, because ids of requests contain it. */
const MOST_ATTEMPTS = 9_999;

const sealed = z.string().min(1).max(8192);
const channel = z.enum(CHANNELS);

const receivedData = z.object({
  sealed,
  channel,
  category: z.string().min(1).max(63),
  locale: z.enum(['zh-CN', 'en']),
  policyVersion: z.string().min(1).max(32),
  fingerprint: z.string().regex(RECEIPT).exactOptional(),
  uniqueness: z.enum(UNIQUENESS).exactOptional(),
});

/** Required members of `data`; it may hold more. */
const DATA_OF: Partial<Readonly<Record<EventType, z.ZodType>>> = {
  received: receivedData,
  // The personal fields anew, all of them.
  corrected: z.object({ sealed }),
  bound: z.object({ channel }),
  channel_changed: z.object({ channel }),
  // The receipt of the same person that is valid instead.
  merged: z.object({ into: z.string().regex(RECEIPT) }),
};

const envelope = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(128),
  type: z.string().regex(TYPE),
  attempt: z.int().min(1).max(MOST_ATTEMPTS).exactOptional(),
  kind: z.enum(EVENT_KINDS),
  campaignId: z.string().min(1).max(63),
  receipt: z.string().regex(RECEIPT),
  citizenHash: z.string().regex(HASH),
  accountHash: z.string().regex(HASH).exactOptional(),
  at: z.string().regex(INSTANT),
  clock: z.literal('agreed').exactOptional(),
  site: z.string().min(1).max(63),
  keyId: z.string().max(64),
  data: z.record(z.string(), z.unknown()),
});

/** What is fixed in an envelope of any later version. */
const laterEnvelope = z.object({
  v: z.int().min(2).max(9_999),
  type: z.string().regex(/^[!-~]{1,63}$/),
  campaignId: z.string().min(1).max(63),
});

export type ParsedEnvelope =
  | { readonly kind: 'valid'; readonly event: EventEnvelope }
  /** An envelope of a later release. */
  | ({ readonly kind: 'unknown' } & Readonly<z.infer<typeof laterEnvelope>>)
  /** `reason` names fields and rules, never values: values may be personal. */
  | { readonly kind: 'invalid'; readonly reason: string };

const invalid = (reason: string): ParsedEnvelope => ({ kind: 'invalid', reason });

const issuesOf = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'envelope'}: ${issue.code}`).join('; ');

/** Members that depend on the type, besides its data. */
const misfit = ({ type, attempt, receipt, citizenHash, accountHash }: EventEnvelope): string | undefined => {
  if (type === 'received' && attempt !== undefined) return 'attempt: a registration has none';
  if (type === 'bound' && accountHash === undefined) return 'accountHash: invalid_type';
  if (type !== 'bound' && type !== 'issuing' && accountHash !== undefined) return 'accountHash: is of an account alone';
  const hasPerson = receipt !== NO_RECEIPT || citizenHash !== NO_CITIZEN;
  return type === 'barrier' && hasPerson ? 'receipt: a barrier has none' : undefined;
};

type Parsed = z.infer<typeof envelope>;
const isOfType = (event: Parsed, known: readonly string[]): event is Parsed & { readonly type: EventType } =>
  known.includes(event.type);

/** @param known types that the reader understands; all of this release unless stated */
export const parseEnvelope = (bytes: Uint8Array, known: readonly EventType[] = EVENT_TYPES): ParsedEnvelope => {
  const json = parseJson(bytes);
  if (json === undefined) return invalid('envelope: not JSON');
  const parsed = envelope.safeParse(json);
  if (!parsed.success) {
    const later = laterEnvelope.safeParse(json);
    return later.success ? { kind: 'unknown', ...later.data } : invalid(issuesOf(parsed.error));
  }
  const event = parsed.data;
  if (Number.isNaN(Date.parse(event.at))) return invalid('at: not a real instant');
  if (!isOfType(event, known)) {
    const { v, type, campaignId } = event;
    return { kind: 'unknown', v, type, campaignId };
  }
  const wrong = misfit(event);
  if (wrong !== undefined) return invalid(wrong);
  const data = DATA_OF[event.type]?.safeParse(event.data);
  return data === undefined || data.success ? { kind: 'valid', event } : invalid(issuesOf(data.error));
};

/** `data` of a parsed `received` event; parseEnvelope has checked its shape. */
export const receivedDataOf = (event: EventEnvelope): ReceivedData => receivedData.parse(event.data);

export const encodeEnvelope = (event: EventEnvelope): Uint8Array => Buffer.from(JSON.stringify(event), 'utf8');

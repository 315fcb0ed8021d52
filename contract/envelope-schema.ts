/**
 * The envelope at the edge: bytes from the journal in, a typed event or a reason out.
 *
 * Intakes are upgraded before records, or after them, so a member that this release does not know comes from a later one: it is
 * left out here, and the event counts. The journal keeps the whole message.
 */
import { z } from 'zod';
import { EVENT_KINDS, EVENT_TYPES, type EventEnvelope, type ReceivedData } from './envelope.ts';

/** Fixed width, so that text order is time order: the winner rule hangs on it. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const receivedData = z.object({
  sealed: z.string().min(1).max(8192),
  channel: z.enum(['wechat', 'alipay', 'unionpay']),
  category: z.string().min(1).max(63),
  locale: z.enum(['zh-CN', 'en']),
  policyVersion: z.string().min(1).max(32),
  fingerprint: z
    .string()
    .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    .exactOptional(),
});

const envelope = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(128),
  type: z.enum(EVENT_TYPES),
  kind: z.enum(EVENT_KINDS),
  campaignId: z.string().min(1).max(63),
  receipt: z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  citizenHash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.string().regex(INSTANT),
  clock: z.literal('agreed').exactOptional(),
  site: z.string().min(1).max(63),
  keyId: z.string().max(64),
  data: z.record(z.string(), z.unknown()),
});

export type ParsedEnvelope =
  | { readonly kind: 'valid'; readonly event: EventEnvelope }
  /** `reason` names fields and rules, never values: values may be personal. */
  | { readonly kind: 'invalid'; readonly reason: string };

const issuesOf = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'envelope'}: ${issue.code}`).join('; ');

const decoder = new TextDecoder('utf-8', { fatal: true });

export const parseEnvelope = (bytes: Uint8Array): ParsedEnvelope => {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(bytes));
  } catch {
    return { kind: 'invalid', reason: 'envelope: not JSON' };
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return { kind: 'invalid', reason: issuesOf(parsed.error) };
  const event = parsed.data;
  if (Number.isNaN(Date.parse(event.at))) return { kind: 'invalid', reason: 'at: not a real instant' };
  if (event.type === 'received') {
    const data = receivedData.safeParse(event.data);
    if (!data.success) return { kind: 'invalid', reason: issuesOf(data.error) };
  }
  return { kind: 'valid', event };
};

/** `data` of a parsed `received` event; parseEnvelope has checked its shape. */
export const receivedDataOf = (event: EventEnvelope): ReceivedData => receivedData.parse(event.data);

export const encodeEnvelope = (event: EventEnvelope): Uint8Array => Buffer.from(JSON.stringify(event), 'utf8');

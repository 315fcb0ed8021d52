/** A message of the journal → an event to record, or the reason why it is set aside. Pure. */
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { typeOfSubject } from '../../contract/names.ts';
import { acceptedAt } from '../../contract/winner.ts';
import type { Stored } from '../../journal/reading.ts';

/** The streams' max_msg_size. */
export const MAX_MESSAGE_BYTES = 16_384;

export const REJECTIONS = ['oversized', 'unparseable', 'wrong_campaign', 'wrong_subject', 'refused'] as const;
/** `wrong_subject`: the type differs from the subject. `refused`: the database will never accept it. */
export type RejectionKind = (typeof REJECTIONS)[number];

export type DecodedMessage =
  | { readonly kind: 'event'; readonly event: EventEnvelope }
  /** An envelope of a later release. */
  | { readonly kind: 'unknown'; readonly v: number; readonly type: string }
  | { readonly kind: 'rejected'; readonly rejection: RejectionKind; readonly reason: string };

const rejected = (rejection: RejectionKind, reason: string): DecodedMessage => ({
  kind: 'rejected',
  rejection,
  reason,
});

/**
 * `2020-02-30` and `T24:00:00` have the right form but are read as another instant, so the order of texts would differ from that of
 * times. Years before 1970 are no acceptance times, and a database has no year 0.
 */
const isCanonicalInstant = (at: string): boolean => at >= '1970' && new Date(Date.parse(at)).toISOString() === at;

/**
 * Members in a fixed order, because a tie between two copies is broken by their text, and intakes of different releases may write
 * other orders or more members. parseEnvelope has checked that these exist.
 */
const canonical = ({ clock, ...event }: EventEnvelope, storedAtMs: number): EventEnvelope => {
  if (event.type !== 'received') {
    const { attempt, ...first } = event;
    // Stated or not, it is the same fact.
    return attempt === 1 ? first : event;
  }
  const { sealed, channel, category, locale, policyVersion } = event.data;
  const at = acceptedAt({ at: event.at, clock }, storedAtMs);
  // Without fingerprint and rule, which rows do not have: a stored copy and one from the journal must have the same text.
  return { ...event, at, data: { sealed, channel, category, locale, policyVersion } };
};

/**
 * Reasons name fields and rules, never values.
 * @param known types that this worker understands; all of this release unless stated
 */
export const decodeMessage = (
  { subject, data, storedAtMs }: Pick<Stored, 'subject' | 'data' | 'storedAtMs'>,
  campaignId: string,
  known?: readonly EventType[],
): DecodedMessage => {
  if (data.length > MAX_MESSAGE_BYTES) return rejected('oversized', `envelope: more than ${MAX_MESSAGE_BYTES} bytes`);
  const parsed = parseEnvelope(data, known);
  if (parsed.kind === 'invalid') return rejected('unparseable', parsed.reason);
  const { campaignId: whose, type } = parsed.kind === 'unknown' ? parsed : parsed.event;
  if (whose !== campaignId) return rejected('wrong_campaign', 'campaignId: belongs to another campaign');
  // Permissions are by subject, and rows are made from envelopes: without this check an intake could write `won`.
  if (typeOfSubject(subject) !== type) return rejected('wrong_subject', 'type: not what its subject says');
  if (parsed.kind === 'unknown') return { kind: 'unknown', v: parsed.v, type };
  if (!isCanonicalInstant(parsed.event.at)) return rejected('unparseable', 'at: not a canonical instant');
  return { kind: 'event', event: canonical(parsed.event, storedAtMs) };
};

/**
 * An answer of a provider → the fact that is published. Pure.
 *
 * | answer     | fact            | |
 * |------------|-----------------|-|
 * | match      | verified        | one fact whatever the attempt |
 * | mismatch   | rejected n      | the citizen can correct it |
 * | no_record  | manual_review n | a person looks |
 */
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import type { ProviderAnswer } from './ports.ts';

type Answered = Extract<ProviderAnswer, { readonly code: string }>;
export type VerdictType = Extract<EventType, 'verified' | 'rejected' | 'manual_review'>;

const TYPE_OF: Readonly<Record<Answered['kind'], VerdictType>> = {
  match: 'verified',
  mismatch: 'rejected',
  no_record: 'manual_review',
};

export interface Verdict {
  readonly type: VerdictType;
  /** Why, for the person who reviews it: a provider and its code, or that the registration can't be read. No personal data. */
  readonly data: Readonly<Record<string, string>>;
}

export const verdictOf = ({ kind, code }: Answered, provider: string): Verdict => ({
  type: TYPE_OF[kind],
  data: { provider, code },
});

/** The registration can't be read: a person must find out why. */
export const UNREADABLE: Verdict = { type: 'manual_review', data: { reason: 'unreadable' } };

export const isAnswered = (answer: ProviderAnswer): answer is Answered => 'code' in answer;

/** @param event that asked, or of the same receipt @param attempt of the fact */
export const factOf = (
  { type, data }: Pick<EventEnvelope, 'type' | 'data'>,
  { kind, campaignId, receipt, citizenHash }: EventEnvelope,
  attempt: number,
  { at, site }: { readonly at: string; readonly site: string },
): EventEnvelope => {
  const numbered = type !== 'verified' && attempt > 1;
  const id = `${receipt}.${type}${numbered ? `.${attempt}` : ''}`;
  return {
    v: 1,
    id,
    type,
    ...(numbered ? { attempt } : {}),
    kind,
    campaignId,
    receipt,
    citizenHash,
    at,
    site,
    keyId: '',
    data,
  };
};

/**
 * Whether a reviewer may decide, by the facts of the receipt. Pure. Time and session are checked before.
 *
 * | what is stored                                              | accept, reject |
 * |-------------------------------------------------------------|----------------|
 * | manual_review n is what counts                              | verified; rejected n |
 * | this decision, by this user and for this reason             | done: a repeat whose answer was lost |
 * | verified or rejected, by a review                           | DECIDED: the error says by whom and when |
 * | anything else: corrected since, withdrawn, erased, received | NOT_IN_REVIEW: the error names the state |
 *
 * `rejected n` ends `manual_review n`, as a provider's verdict does, so that the citizen can still correct it (core/projection.ts).
 */
import type { EventEnvelope } from '../../contract/envelope.ts';
import { project, type State } from '../core/projection.ts';

/** A decision to be made. */
export interface Deciding {
  readonly action: 'accept' | 'reject';
  readonly by: string;
  readonly reason: string;
}

export type ReviewDecision =
  | { readonly kind: 'append'; readonly type: 'verified' | 'rejected'; readonly attempt: number }
  | { readonly kind: 'done'; readonly event: EventEnvelope }
  | { readonly kind: 'decided'; readonly as: 'accepted' | 'rejected'; readonly by: string; readonly at: string }
  | { readonly kind: 'not_in_review'; readonly state: State };

/** Undefined: it was not decided by a review. */
export const reviewerOf = ({ data }: EventEnvelope): { readonly by: string; readonly reason: string } | undefined =>
  data['review'] === true ? { by: String(data['by']), reason: String(data['reason']) } : undefined;

const attemptOf = ({ attempt = 1 }: EventEnvelope): number => attempt;

/** The last one of a type. */
export const lastOf = (facts: readonly EventEnvelope[], type: EventEnvelope['type']): EventEnvelope | undefined =>
  facts
    .filter((fact) => fact.type === type)
    .reduce<EventEnvelope | undefined>(
      (last, fact) => (last === undefined || attemptOf(fact) > attemptOf(last) ? fact : last),
      undefined,
    );

export const decideReview = (
  { action, by, reason }: Deciding,
  registration: EventEnvelope,
  facts: readonly EventEnvelope[],
): ReviewDecision => {
  const { state } = project([registration, ...facts]);
  const type = action === 'accept' ? 'verified' : 'rejected';
  const inReview = lastOf(facts, 'manual_review');
  if (state === 'manual_review' && inReview !== undefined) {
    return { kind: 'append', type, attempt: type === 'verified' ? 1 : attemptOf(inReview) };
  }
  const verdict = state === 'verified' || state === 'rejected' ? lastOf(facts, state) : undefined;
  const reviewer = verdict === undefined ? undefined : reviewerOf(verdict);
  if (verdict === undefined || reviewer === undefined) return { kind: 'not_in_review', state };
  if (state === type && reviewer.by === by && reviewer.reason === reason) return { kind: 'done', event: verdict };
  return { kind: 'decided', as: state === 'verified' ? 'accepted' : 'rejected', by: reviewer.by, at: verdict.at };
};

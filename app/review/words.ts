/** Why a fact of a receipt was stored, for reviewers. Pure. */
import type { EventEnvelope } from '../../contract/envelope.ts';
import { reviewerOf } from './decide-review.ts';

/** `tencent: code -4`, `the registration can't be read`, `by wang: same person`; undefined where nothing is stored about it. */
export const whyOf = (event: EventEnvelope): string | undefined => {
  const { type, data } = event;
  const reviewer = reviewerOf(event);
  if (reviewer !== undefined) return `by ${reviewer.by}: ${reviewer.reason}`;
  if (type === 'reviewed') return `${String(data['action'])} by ${String(data['by'])}`;
  if (data['reason'] === 'unreadable') return "the registration can't be read";
  return typeof data['provider'] === 'string' ? `${data['provider']}: code ${String(data['code'])}` : undefined;
};

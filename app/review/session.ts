/**
 * Who asks: the session that the header proves. Pure.
 *
 * | header                          | settings                     | result |
 * |---------------------------------|------------------------------|--------|
 * | absent, or not `<id>.<secret>`  | any                          | SESSION_UNKNOWN |
 * | any                             | no such session              | SESSION_UNKNOWN: perhaps it is not published yet |
 * | another secret                  | a session                    | SESSION_UNKNOWN |
 * | its secret                      | a session that has ended     | SESSION_EXPIRED, with this pod's time |
 * | its secret                      | a session                    | the user |
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ReviewSessions } from '../../contract/review.ts';

export type Reviewer =
  | { readonly kind: 'reviewer'; readonly by: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'expired'; readonly until: string };

const MOST_CHARACTERS = 128;

export const reviewerBy = (header: string, sessions: ReviewSessions, nowMs: number): Reviewer => {
  const [id = '', secret = ''] = header.length > MOST_CHARACTERS ? [] : header.split('.');
  const session = Object.hasOwn(sessions, id) ? sessions[id] : undefined;
  if (session === undefined) return { kind: 'unknown' };
  const digest = createHash('sha256').update(secret, 'utf8').digest();
  const wanted = Buffer.from(session.sha256, 'hex');
  if (wanted.length !== digest.length || !timingSafeEqual(digest, wanted)) return { kind: 'unknown' };
  const { by, until } = session;
  return Date.parse(until) > nowMs ? { kind: 'reviewer', by } : { kind: 'expired', until };
};

/**
 * Manual review: what reviewers, operator and verification pods agree on. Pure.
 *
 * The app never talks to the Kubernetes API, and etcd holds no personal data. So a reviewer proves with a session:
 *
 * 1. The command line makes a random secret, and annotates the campaign with its digest. The chart's admission policy lets only a user
 *    with the verb `review` do that, in the user's own name, for 8 hours at most.
 * 2. The operator publishes the sessions in force to the pods, in the live settings.
 * 3. The command line sends the secret to a verification pod, through the API server's proxy. The pod compares the digests.
 *
 * | review.voucher-operator.io/<id>              | meaning |
 * |----------------------------------------------|---------|
 * | `by <user> until <time> sha256 <64 digits>`  | who has the secret is that user, until then |
 * | anything else                                | no session |
 */
import { API_GROUP } from './names.ts';

export const REVIEW_PREFIX = `review.${API_GROUP}/`;

export interface ReviewSession {
  /** The user name of the API server. */
  readonly by: string;
  /** RFC 3339 in UTC. */
  readonly until: string;
  /** Of the secret's text, hex. */
  readonly sha256: string;
}

/** By the id in the annotation's name. */
export type ReviewSessions = Readonly<Record<string, ReviewSession>>;

export const LONGEST_SESSION_MS = 8 * 3_600_000;
/** Of the reviewer's machine and the operator's. */
const CLOCKS_DIFFER_BY_MS = 300_000;
/** Far more than reviewers of one campaign; the live settings are one small value. */
export const MOST_SESSIONS = 64;
/** 43 characters of base64url: 32 random bytes. */
export const SECRET_BYTES = 32;

const ID = /^[0-9a-f]{8}$/;
/** The time has one form, so that a user name can't end in another session: the policy checks the same pattern after the user's name. */
const SESSION = /^by (.{1,253}) until ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z) sha256 ([0-9a-f]{64})$/s;

export const reviewAnnotation = (id: string): string => `${REVIEW_PREFIX}${id}`;

/** Whole seconds: the policy takes no others. */
export const sessionUntil = (untilMs: number): string => `${new Date(untilMs).toISOString().slice(0, 19)}Z`;

export const sessionText = ({ by, until, sha256 }: ReviewSession): string => `by ${by} until ${until} sha256 ${sha256}`;

export const parseSession = (text: string): ReviewSession | undefined => {
  const [, by, until, sha256] = SESSION.exec(text) ?? [];
  if (by === undefined || until === undefined || sha256 === undefined || Number.isNaN(Date.parse(until)))
    return undefined;
  return { by, until, sha256 };
};

/**
 * The sessions that pods accept now. With too many, those that end last are left out, so that a new short one can always be used.
 *
 * | ends            | in force |
 * |-----------------|----------|
 * | now, or before  | no       |
 * | within 8 hours  | yes      |
 * | later           | no: it was not written by the command line |
 */
export const sessionsInForce = (annotations: Readonly<Record<string, string>>, nowMs: number): ReviewSessions => {
  const inForce = Object.entries(annotations).flatMap(([key, text]) => {
    if (!key.startsWith(REVIEW_PREFIX)) return [];
    const [id, session] = [key.slice(REVIEW_PREFIX.length), parseSession(text)];
    if (session === undefined || !ID.test(id)) return [];
    const leftMs = Date.parse(session.until) - nowMs;
    return leftMs > 0 && leftMs <= LONGEST_SESSION_MS + CLOCKS_DIFFER_BY_MS ? [[id, session] as const] : [];
  });
  const soonestFirst = inForce.toSorted(([, a], [, b]) => (a.until < b.until ? -1 : a.until > b.until ? 1 : 0));
  return Object.fromEntries(soonestFirst.slice(0, MOST_SESSIONS));
};

/** `<id>.<secret>`. A header, because addresses are logged. */
export const REVIEW_HEADER = 'voucher-review-session';

/** What a verification pod answers on its admin port, all by POST: receipts are not in addresses either. */
export const REVIEW_ACTIONS = ['list', 'show', 'accept', 'reject'] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];
export const REVIEW_PATH = '/review/';

export const REASON_MAX = 400;
export const LIST_PAGE = 50;

/** Why a request is refused: `reason` of a Kubernetes Status, so that every client reads it. */
export const REVIEW_REFUSALS = {
  STARTING: 503,
  BUSY: 503,
  JOURNAL_UNAVAILABLE: 503,
  DATA_KEY_UNAVAILABLE: 503,
  SESSION_UNKNOWN: 403,
  SESSION_EXPIRED: 403,
  BAD_REQUEST: 400,
  RECEIPT_UNKNOWN: 404,
  NOT_IN_REVIEW: 409,
  DECIDED: 409,
  LIST_FROZEN: 409,
} as const satisfies Readonly<Record<string, number>>;
export type ReviewRefusal = keyof typeof REVIEW_REFUSALS;

/** A registration that waits for a reviewer. No personal data. */
export interface ReviewRow {
  readonly receipt: string;
  /** When it came into review. */
  readonly at: string;
  readonly attempt: number;
  /** Why: the provider and its code, or that the registration can't be read. */
  readonly why: string;
}

export interface ReviewPage {
  /** Oldest first. */
  readonly receipts: readonly ReviewRow[];
  /** For the next page; absent on the last one. */
  readonly after?: string;
  /** False: the pod is still reading the journal, and knows only the oldest ones. */
  readonly isComplete: boolean;
}

export interface ReviewHistory {
  readonly type: string;
  readonly attempt: number;
  readonly at: string;
  /** Provider and code, or reviewer and reason. */
  readonly why?: string;
}

/** A registration as a reviewer sees it. */
export interface ReviewView {
  readonly receipt: string;
  readonly state: string;
  readonly registeredAt: string;
  /** Until when it can be decided. */
  readonly editableUntil: string;
  /** Absent: the fields can't be read. */
  readonly masked?: { readonly name: string; readonly idType: string; readonly idNumber: string };
  readonly history: readonly ReviewHistory[];
}

export interface ReviewDecided {
  readonly receipt: string;
  readonly state: 'verified' | 'rejected';
  readonly by: string;
  readonly at: string;
}

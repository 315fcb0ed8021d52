/**
 * Answers reviewers: which registrations wait, one of them with masked fields, and the decision on it. The order of the checks:
 *
 * | check                                            | refused with |
 * |--------------------------------------------------|--------------|
 * | settings known                                   | STARTING |
 * | the session (session.ts)                         | SESSION_UNKNOWN, SESSION_EXPIRED |
 * | body                                             | BAD_REQUEST |
 * | requests under way in this process               | BUSY |
 * | decisions: the time for changes, by the agreed clock | LIST_FROZEN |
 * | the journal has the registration                 | RECEIPT_UNKNOWN |
 * | it is, or was, in review                         | NOT_IN_REVIEW |
 * | its fields can be opened now                     | DATA_KEY_UNAVAILABLE |
 * | decisions: what is stored (decide-review.ts)     | DECIDED, NOT_IN_REVIEW |
 * | the entry is stored                              | JOURNAL_UNAVAILABLE |
 * | decisions: the time again, and the age of the request | LIST_FROZEN, JOURNAL_UNAVAILABLE |
 *
 * The entry is the fact `reviewed n`: who looked or decided, and why. It is in the journal before anything is answered or decided, so that
 * neither can be skipped. The decision is another fact, appended only if no other fact of the receipt was stored since it was read.
 */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { REVIEW_ACTIONS, type ReviewDecided, type ReviewView } from '../../contract/review.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import { project } from '../core/projection.ts';
import { ageSince, PUBLISHED_WITHIN_MS } from '../intake/gate.ts';
import { editableUntil } from '../intake/receipt-state.ts';
import { type Deciding, decideReview } from './decide-review.ts';
import { maskedName, maskedNumber } from './mask.ts';
import type { ReviewQueue } from './queue.ts';
import { ReviewError } from './refusal.ts';
import {
  createRegistrations,
  MOST_ROUNDS,
  notInReview,
  type Personal,
  type RegistrationsDeps,
  unavailable,
} from './registrations.ts';
import { afterIn, decidedIn, isAction, shownIn } from './request.ts';
import { reviewerBy } from './session.ts';
import { whyOf } from './words.ts';

export interface ReviewDeps extends RegistrationsDeps {
  readonly settings: LiveSettingsSource;
  readonly queue: ReviewQueue;
  /** This machine's own. */
  readonly wallClockMs: () => number;
  readonly monotonicMs: () => number;
  /** Counted and logged. No personal data, and no receipt. */
  readonly report: (action: string, outcome: string, by: string | undefined, cause?: unknown) => void;
}

export interface ReviewRequest {
  /** Last part of the path. */
  readonly action: string;
  /** Value of the header; empty without one. */
  readonly session: string;
  readonly body: string;
}

/** Never rejects. */
export type AnswerReview = (request: ReviewRequest) => Promise<{ readonly status: number; readonly body: object }>;

const MOST_UNDER_WAY = 8;

export const createReview = (deps: ReviewDeps): AnswerReview => {
  const { journal, queue } = deps;
  const { eventOf, factsOf, find, open, note, lastSequence } = createRegistrations(deps);
  let underWay = 0;

  const settingsNow = (): LiveSettings => {
    const settings = deps.settings.current();
    if (settings === undefined) throw new ReviewError('STARTING', 'the pod is still starting: try again');
    return settings;
  };

  const checkTime = (): void => {
    const until = editableUntil(settingsNow());
    const nowMs = deps.now();
    if (nowMs < Date.parse(until)) return;
    throw new ReviewError(
      'LIST_FROZEN',
      `registrations can't be decided any more: changes ended at ${until}, and it is ${new Date(nowMs).toISOString()}`,
    );
  };

  const noteShown = async (registration: EventEnvelope, by: string): Promise<EventEnvelope | 'first'> => {
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      const before = await note(registration, { action: 'show', by }, await lastSequence(registration));
      if (before !== 'overtaken') return before;
    }
    throw unavailable('the registration is changing at this moment');
  };

  const show = async (receiptNo: string, by: string): Promise<ReviewView> => {
    const seen = await find(receiptNo);
    const fields = await open(seen);
    const { registration, facts } = seen;
    const before = await noteShown(registration, by);
    const history = [registration, ...facts, ...(before === 'first' ? [] : [before])]
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map((event) => {
        const why = whyOf(event);
        const { type, attempt = 1, at } = event;
        return { type, attempt, at, ...(why === undefined ? {} : { why }) };
      });
    return {
      receipt: receiptNo,
      state: project([registration, ...facts]).state,
      registeredAt: registration.at,
      editableUntil: editableUntil(settingsNow()),
      ...(fields === undefined
        ? {}
        : {
            masked: {
              name: maskedName(fields.name),
              idType: fields.idType,
              idNumber: maskedNumber(fields.idNumber),
            },
          }),
      history,
    };
  };

  /** The journal keeps reasons for good, unsealed. */
  const checkReason = (reason: string, fields: Personal | undefined): void => {
    if (fields === undefined || (!reason.includes(fields.name) && !reason.includes(fields.idNumber))) return;
    throw new ReviewError('BAD_REQUEST', 'reason: contains the name or number of the person: leave them out');
  };

  const decide = async (receiptNo: string, deciding: Deciding): Promise<ReviewDecided> => {
    const ageMs = ageSince(deps);
    checkTime();
    const { action, by, reason } = deciding;
    const seen = await find(receiptNo);
    const { registration } = seen;
    checkReason(reason, await open(seen));
    let isNoted = false;
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      // Before the facts: one that is stored in between is then later than `last`, and the append is refused.
      const last = await lastSequence(registration);
      const decision = decideReview(deciding, registration, await factsOf(registration));
      switch (decision.kind) {
        case 'not_in_review':
          throw notInReview(decision.state);
        case 'decided':
          throw new ReviewError('DECIDED', `it was ${decision.as} by ${decision.by} at ${decision.at}`);
        case 'done':
          return {
            receipt: receiptNo,
            state: action === 'accept' ? 'verified' : 'rejected',
            by,
            at: decision.event.at,
          };
        case 'append':
      }
      if (!isNoted) {
        isNoted = (await note(registration, { action, by, reason }, last)) !== 'overtaken';
        continue;
      }
      const event = eventOf(registration, decision.type, decision.attempt, { by, reason, review: true });
      checkTime();
      if (ageMs() > PUBLISHED_WITHIN_MS) throw unavailable('the request took too long');
      const outcome = await journal.appendAfterAll(event, last);
      if (outcome.kind === 'stored') return { receipt: receiptNo, state: decision.type, by, at: event.at };
      if (outcome.kind === 'unavailable') {
        throw unavailable('it is not certain that the decision is stored; the same command finds out');
      }
    }
    throw unavailable('the registration is changing at this moment');
  };

  const work = async ({ action, body }: ReviewRequest, by: string): Promise<object> => {
    if (!isAction(action)) throw new ReviewError('BAD_REQUEST', `there are ${REVIEW_ACTIONS.join(', ')}`);
    switch (action) {
      case 'list': {
        return queue.page(afterIn(body)).catch((cause: unknown) => {
          throw unavailable('the journal does not answer now', cause);
        });
      }
      case 'show':
        return show(shownIn(body), by);
      default: {
        const { receiptNo, reason } = decidedIn(body);
        return decide(receiptNo, { action, by, reason });
      }
    }
  };

  const reviewerOf = (header: string): string => {
    const reviewer = reviewerBy(header, settingsNow().reviews ?? {}, deps.now());
    if (reviewer.kind === 'reviewer') return reviewer.by;
    if (reviewer.kind === 'unknown') throw new ReviewError('SESSION_UNKNOWN', 'this pod knows no such session');
    throw new ReviewError(
      'SESSION_EXPIRED',
      `the session ended at ${reviewer.until}, and it is ${new Date(deps.now()).toISOString()}`,
    );
  };

  return async (request) => {
    const action = isAction(request.action) ? request.action : 'other';
    let by: string | undefined;
    try {
      by = reviewerOf(request.session);
      if (underWay >= MOST_UNDER_WAY) throw new ReviewError('BUSY', 'other reviews are under way: try again');
      underWay += 1;
      try {
        const body = await work(request, by);
        deps.report(action, 'done', by);
        return { status: 200, body };
      } finally {
        underWay -= 1;
      }
    } catch (error) {
      const refused = error instanceof ReviewError ? error : unavailable('the request failed', error);
      deps.report(action, refused.refusal, by, refused.cause);
      return refused.answer;
    }
  };
};

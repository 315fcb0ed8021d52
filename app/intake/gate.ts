/**
 * Checks of a registration, the cheapest first, so that shedding a flood costs little. An error in the head ends the request. Other
 * refusals do not apply to a repeat of an accepted request (recall.ts).
 *
 * | check | refused with | canary | a repeat of an accepted request |
 * |-------|--------------|--------|---------------------------------|
 * | settings known          | 503 STARTING | same | same |
 * | Idempotency-Key         | 400          | same | same |
 * | canary's signature      | 403          | –    | –    |
 * | media type, length      | 415, 413, 400 | same | same |
 * | window, by our clock    | 403 NOT_OPEN, CLOSED | passes | gets its receipt |
 * | a contingency level's page | 503 REGISTRATION_PAUSED | passes | gets its receipt |
 * | requests in flight, event loop | 503 OVERLOADED | same | gets its receipt |
 * | the waiting room: a queue, and no ticket whose turn it is | 503 ADMISSION_LIMITED | passes | gets its receipt |
 * | limits of citizen, phone, device (app/limits/limits.ts) | 429 TOO_MANY_REQUESTS | passes | gets its receipt, where this pod accepted it |
 * | admission rate, without such a ticket | 503 ADMISSION_LIMITED | passes | gets its receipt |
 *
 * The limits and the admission rate are last, and a token is taken only for a complete and valid body, so that a request that ends in 4xx takes none.
 * Before the body the gate only checks whether there is a token. A ticket's turn needs none, but takes one: so those without a ticket
 * get what is left.
 */

import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { RETRY_AFTER_SECONDS } from '../../contract/crowd/returns.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError } from '../http/errors.ts';
import { checkJsonHead } from '../http/read-json.ts';
import { outsideWindow, overloaded, pausedBy, soon } from '../http/refusals.ts';
import type { Conduct } from '../http/shedding.ts';
import { type AdmissionRate, createAdmission } from '../limits/admission.ts';
import type { Caller } from '../limits/limits.ts';
import type { Span } from '../tracing/spans.ts';
import { CANARY_HEADER, isCanary } from './canary.ts';
import { WaitEstimate, waitText } from './wait-estimate.ts';
import type { Doorkeeper } from './waiting-room/desk.ts';
import type { Presented } from './waiting-room/presented.ts';

export interface Knock {
  readonly settings: LiveSettings;
  /** Without the quotes of a structured field. */
  readonly idempotencyKey: string;
  readonly kind: 'citizen' | 'canary';
  /** Server time of arrival, for the window and the winner rule. */
  readonly arrivedAtMs: number;
  /** Whether most clocks agreed with it at that time; reading a body may take seconds. */
  readonly isClockAgreed: boolean;
  /** Its age in ms, also where the machine was suspended meanwhile. */
  readonly ageMs: () => number;
  /** Of the waiting room. */
  readonly presented: Presented;
  readonly caller: Caller;
  /** Why it may not be admitted, as far as its head shows. */
  readonly refusal: ApiError | undefined;
  /** Absent: the request is not traced. */
  readonly span?: Span;
}

export interface Gate {
  /** @throws ApiError for errors in the head, and before there are settings */
  knock(request: IncomingMessage, caller: Caller): Knock;
  /** Takes the token of a valid request; undefined: it is admitted. */
  admit(knock: Knock): ApiError | undefined;
  /** Returns the token of a request that failed by the citizen's own mistake. */
  giveBack(knock: Knock): void;
  /** Of a request that was admitted and not stored: its ticket counts as before. */
  notStored(knock: Knock): void;
}

export interface GateDeps {
  readonly settings: LiveSettingsSource;
  readonly canaryKey: SecretKey;
  readonly now: () => number;
  /** Whether most clocks agree with `now()`. */
  readonly isClockAgreed: () => boolean;
  /** Of this machine, whatever other clocks say: it alone shows that the machine was suspended. */
  readonly wallClockMs: () => number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** Whether this process has too much work to answer in time. */
  readonly isOverloaded: (conduct: Conduct) => boolean;
}

/** A repeated header arrives joined by a comma, as one text; the type does not know that. */
const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'object' ? header.join(', ') : header;

/** A bare key, or the string of draft-ietf-httpapi-idempotency-key-header; its parameters are ignored. */
export const IDEMPOTENCY_KEY = /^(?:([\w-]{16,128})|"([\w-]{16,128})" *(?:;[^"]{0,128})?)$/;

const idempotencyKeyOf = (request: IncomingMessage): string => {
  const header = one(request.headers['idempotency-key']);
  if (header === undefined) throw new ApiError('IDEMPOTENCY_KEY_REQUIRED');
  const [, bare, quoted] = IDEMPOTENCY_KEY.exec(header) ?? [];
  const key = bare ?? quoted;
  if (key === undefined) throw new ApiError('IDEMPOTENCY_KEY_INVALID');
  return key;
};

const SOON_MEAN_SECONDS = RETRY_AFTER_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / RETRY_AFTER_SECONDS.length;
/** A pod's share of the admission rate; it also bounds the questions to the journal (recall.ts). */
export const shareOf = ({ admissionPerSecond, intakePods }: LiveSettings['traffic']): number =>
  admissionPerSecond / Math.max(1, intakePods);

const rateOf = (traffic: LiveSettings['traffic']): AdmissionRate => ({
  perSecond: shareOf(traffic),
  burstSeconds: traffic.burstSeconds,
});

/** The freeze waits for what is published within this time (operator/freeze): body 6 s, look-ups 1 s, and some. */
export const PUBLISHED_WITHIN_MS = 10_000;

export const ageSince = ({
  wallClockMs,
  monotonicMs,
}: Pick<GateDeps, 'wallClockMs' | 'monotonicMs'>): (() => number) => {
  const [wallMs, sinceMs] = [wallClockMs(), monotonicMs()];
  return () => Math.max(wallClockMs() - wallMs, monotonicMs() - sinceMs);
};

type Door = Pick<Doorkeeper, 'present' | 'isQueueing' | 'isOn' | 'use' | 'giveBack'>;

export const createGate = (deps: GateDeps, door: Door): Gate => {
  const admission = createAdmission();
  const wait = new WaitEstimate();

  const limited = (nowMs: number, share: number): ApiError => {
    const seconds = wait.seconds(nowMs, share, SOON_MEAN_SECONDS);
    return new ApiError('ADMISSION_LIMITED', {
      retryAfterSeconds: soon(deps.random()),
      detail: waitText(seconds),
      members: { estimatedWaitSeconds: seconds },
    });
  };

  const refusalOfCitizen = (
    settings: LiveSettings,
    arrivedAtMs: number,
    { pass }: Presented,
    { conduct }: Caller,
  ): ApiError | undefined => {
    const { page, traffic } = settings;
    const outside = outsideWindow(settings, arrivedAtMs);
    if (outside !== undefined) return outside;
    if (page !== undefined) return pausedBy(page, deps.random());
    if (deps.isOverloaded(conduct)) return overloaded(deps.random());
    const nowMs = deps.monotonicMs();
    if (pass !== undefined) return undefined;
    const share = shareOf(traffic);
    if (!door.isQueueing() && admission.hasOne(conduct, nowMs, rateOf(traffic))) return undefined;
    wait.attempted(nowMs);
    return limited(nowMs, share);
  };

  return {
    knock(request, caller) {
      const arrivedAtMs = deps.now();
      const isClockAgreed = deps.isClockAgreed();
      const ageMs = ageSince(deps);
      const settings = deps.settings.current();
      if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: soon(deps.random()) });
      const idempotencyKey = idempotencyKeyOf(request);
      const signature = one(request.headers[CANARY_HEADER]);
      if (signature !== undefined && !isCanary(deps.canaryKey, signature, idempotencyKey, arrivedAtMs)) {
        throw new ApiError('CANARY_INVALID');
      }
      checkJsonHead(request);
      const common = { settings, idempotencyKey, arrivedAtMs, isClockAgreed, ageMs, caller };
      if (signature !== undefined) {
        const refusal = deps.isOverloaded('usual') ? overloaded(deps.random()) : undefined;
        return { ...common, kind: 'canary', presented: {}, refusal };
      }
      const presented = door.isOn() ? door.present(request) : {};
      const refusal = refusalOfCitizen(settings, arrivedAtMs, presented, caller);
      return { ...common, kind: 'citizen', presented, refusal };
    },

    admit({ kind, settings: { traffic }, presented: { pass }, caller: { conduct } }) {
      if (kind === 'canary') return undefined;
      const nowMs = deps.monotonicMs();
      const share = shareOf(traffic);
      wait.attempted(nowMs);
      if (pass !== undefined) {
        // Of many requests with one ticket that arrived together, so many as a ticket has.
        if (!door.use(pass)) return limited(nowMs, share);
        admission.takeAnyway(nowMs, rateOf(traffic));
        return undefined;
      }
      if (door.isQueueing()) return limited(nowMs, share);
      return admission.take(conduct, nowMs, rateOf(traffic)) ? undefined : limited(nowMs, share);
    },

    giveBack({ kind }) {
      if (kind === 'citizen') admission.giveBack();
    },

    notStored({ presented: { pass } }) {
      if (pass !== undefined) door.giveBack(pass);
    },
  };
};

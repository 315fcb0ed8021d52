/**
 * What a registration meets: cheap checks first, so that an answer to a flood costs little. What is wrong with the head ends
 * it; what stands against letting it in is a refusal, which a repeat of an accepted request is spared (recall.ts).
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
 * | admission rate          | 503 ADMISSION_LIMITED | passes | gets its receipt |
 *
 * The rate comes last, and its token is taken only when the whole body was read and found good: nothing that ends in a 4xx
 * takes one from a citizen. Before the body there is only a look whether there is one.
 */

import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { RETRY_AFTER_SECONDS } from '../../contract/returns.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { CANARY_HEADER, isCanary } from './canary.ts';
import { ApiError } from './errors.ts';
import { checkJsonHead } from './read-json.ts';
import { TokenBucket } from './token-bucket.ts';
import { WaitEstimate, waitText } from './wait-estimate.ts';

export interface Knock {
  readonly settings: LiveSettings;
  /** Without the quotes of a structured field. */
  readonly idempotencyKey: string;
  readonly kind: 'citizen' | 'canary';
  /** Server time of arrival: what the window and the winner rule go by. */
  readonly arrivedAtMs: number;
  /** Whether most clocks said so then: a body takes seconds, and what they say meanwhile is about another time. */
  readonly isClockAgreed: boolean;
  /** What stands against letting it in, as far as its head says. */
  readonly refusal: ApiError | undefined;
}

export interface Gate {
  /** @throws ApiError for what is wrong with the head, and before there are settings */
  knock(request: IncomingMessage): Knock;
  /** Takes the token of a request that was found good; undefined: it is in. */
  admit(knock: Knock): ApiError | undefined;
  /** The token of a request that came to nothing by the citizen's own doing. */
  giveBack(knock: Knock): void;
}

export interface GateDeps {
  readonly settings: LiveSettingsSource;
  readonly canaryKey: SecretKey;
  readonly now: () => number;
  /** Whether `now()` is what most clocks say. */
  readonly isClockAgreed: () => boolean;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** Whether this process has more work than it can answer in time. */
  readonly isOverloaded: () => boolean;
}

/** A header that is sent twice arrives joined by a comma, as one text; the type does not know. */
const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'object' ? header.join(', ') : header;

/** A key, bare or as the string that draft-ietf-httpapi-idempotency-key-header asks for; its parameters mean nothing to us. */
const IDEMPOTENCY_KEY = /^(?:([\w-]{16,128})|"([\w-]{16,128})" *(?:;[^"]{0,128})?)$/;

const idempotencyKeyOf = (request: IncomingMessage): string => {
  const header = one(request.headers['idempotency-key']);
  if (header === undefined) throw new ApiError('IDEMPOTENCY_KEY_REQUIRED');
  const [, bare, quoted] = IDEMPOTENCY_KEY.exec(header) ?? [];
  const key = bare ?? quoted;
  if (key === undefined) throw new ApiError('IDEMPOTENCY_KEY_INVALID');
  return key;
};

/** 1 to 3 s, spread so that those who were sent away together don't come back together. */
export const soon = (random: number): number =>
  RETRY_AFTER_SECONDS[Math.floor(random * RETRY_AFTER_SECONDS.length)] ?? RETRY_AFTER_SECONDS[0];
const SOON_MEAN_SECONDS = RETRY_AFTER_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / RETRY_AFTER_SECONDS.length;
export const overloaded = (random: number): ApiError => new ApiError('OVERLOADED', { retryAfterSeconds: soon(random) });
/** At least what the level says, and up to half as much again. */
const later = (seconds: number, random: number): number => seconds + Math.floor((random * seconds) / 2);

/** Of the admission rate, a pod's; of what a pod may ask the journal besides (recall.ts), too. */
export const shareOf = ({ admissionPerSecond, intakePods }: LiveSettings['traffic']): number =>
  admissionPerSecond / Math.max(1, intakePods);

const outsideWindow = (atMs: number, opensAt: string, closesAt: string): 'NOT_OPEN' | 'CLOSED' | undefined => {
  if (atMs < Date.parse(opensAt)) return 'NOT_OPEN';
  return atMs >= Date.parse(closesAt) ? 'CLOSED' : undefined;
};

export const createGate = (deps: GateDeps): Gate => {
  const bucket = new TokenBucket();
  const wait = new WaitEstimate();

  const limited = (nowMs: number, share: number): ApiError => {
    const seconds = wait.seconds(nowMs, share, SOON_MEAN_SECONDS);
    return new ApiError('ADMISSION_LIMITED', {
      retryAfterSeconds: soon(deps.random()),
      detail: waitText(seconds),
      members: { estimatedWaitSeconds: seconds },
    });
  };

  const againstCitizen = ({ window, page, traffic }: LiveSettings, arrivedAtMs: number): ApiError | undefined => {
    const { opensAt, closesAt } = window;
    const outside = outsideWindow(arrivedAtMs, opensAt, closesAt);
    if (outside !== undefined) {
      return new ApiError(outside, { members: { serverTime: new Date(arrivedAtMs).toISOString(), opensAt, closesAt } });
    }
    if (page !== undefined) {
      const retryAfterSeconds = later(page.retryAfterSeconds, deps.random());
      return new ApiError('REGISTRATION_PAUSED', { retryAfterSeconds, detail: page.text });
    }
    if (deps.isOverloaded()) return overloaded(deps.random());
    const nowMs = deps.monotonicMs();
    const share = shareOf(traffic);
    if (bucket.hasOne(nowMs, share, traffic.burstSeconds)) return undefined;
    wait.attempted(nowMs);
    return limited(nowMs, share);
  };

  return {
    knock(request) {
      const arrivedAtMs = deps.now();
      const isClockAgreed = deps.isClockAgreed();
      const settings = deps.settings.current();
      if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: soon(deps.random()) });
      const idempotencyKey = idempotencyKeyOf(request);
      const signature = one(request.headers[CANARY_HEADER]);
      if (signature !== undefined && !isCanary(deps.canaryKey, signature, idempotencyKey, arrivedAtMs)) {
        throw new ApiError('CANARY_INVALID');
      }
      checkJsonHead(request);
      const againstCanary = (): ApiError | undefined => (deps.isOverloaded() ? overloaded(deps.random()) : undefined);
      const common = { settings, idempotencyKey, arrivedAtMs, isClockAgreed };
      return signature === undefined
        ? { ...common, kind: 'citizen', refusal: againstCitizen(settings, arrivedAtMs) }
        : { ...common, kind: 'canary', refusal: againstCanary() };
    },

    admit({ kind, settings: { traffic } }) {
      if (kind === 'canary') return undefined;
      const nowMs = deps.monotonicMs();
      const share = shareOf(traffic);
      wait.attempted(nowMs);
      return bucket.take(nowMs, share, traffic.burstSeconds) ? undefined : limited(nowMs, share);
    },

    giveBack({ kind }) {
      if (kind === 'citizen') bucket.giveBack();
    },
  };
};

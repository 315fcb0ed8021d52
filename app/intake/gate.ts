/**
 * What a registration meets before its body is read: cheap checks first, so that an answer to a flood costs little.
 *
 * | check | refused with | canary |
 * |-------|--------------|--------|
 * | settings known          | 503 STARTING | same |
 * | Idempotency-Key         | 400          | same |
 * | canary's signature      | 403          | –    |
 * | window, by our clock    | 403 NOT_OPEN, CLOSED | passes |
 * | a contingency level's page | 503 REGISTRATION_PAUSED | passes |
 * | requests in flight, event loop | 503 OVERLOADED | same |
 * | admission rate          | 503 ADMISSION_LIMITED | passes |
 *
 * The rate comes last: a request that would be refused anyway must not take a token from one that would not.
 */

import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../operator/api/app-contract.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { CANARY_HEADER, isCanary } from './canary.ts';
import { ApiError } from './errors.ts';
import type { LiveSettingsSource } from './ports.ts';
import { TokenBucket } from './token-bucket.ts';
import { WaitEstimate, waitText } from './wait-estimate.ts';

export interface Admitted {
  readonly settings: LiveSettings;
  readonly idempotencyKey: string;
  readonly kind: 'citizen' | 'canary';
  /** Server time of arrival: what the window and the winner rule go by. */
  readonly arrivedAtMs: number;
}

export interface GateDeps {
  readonly settings: LiveSettingsSource;
  readonly canaryKey: SecretKey;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** Whether this process has more work than it can answer in time. */
  readonly isOverloaded: () => boolean;
}

/** A header that is sent twice arrives joined by a comma, as one text; the type does not know. */
const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'object' ? header.join(', ') : header;

const IDEMPOTENCY_KEY = /^[\w-]{16,128}$/;

/** 1 to 3 s, spread so that those who were sent away together don't come back together. */
const soon = (random: number): number => 1 + Math.floor(random * 3);
const SOON_MEAN_SECONDS = 2;
/** At least what the level says, and up to half as much again. */
const later = (seconds: number, random: number): number => seconds + Math.floor((random * seconds) / 2);

const outsideWindow = (atMs: number, opensAt: string, closesAt: string): 'NOT_OPEN' | 'CLOSED' | undefined => {
  if (atMs < Date.parse(opensAt)) return 'NOT_OPEN';
  return atMs >= Date.parse(closesAt) ? 'CLOSED' : undefined;
};

export const createGate = (deps: GateDeps): ((request: IncomingMessage) => Admitted) => {
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

  return (request) => {
    const arrivedAtMs = deps.now();
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: soon(deps.random()) });
    const idempotencyKey = one(request.headers['idempotency-key']);
    if (idempotencyKey === undefined) throw new ApiError('IDEMPOTENCY_KEY_REQUIRED');
    if (!IDEMPOTENCY_KEY.test(idempotencyKey)) throw new ApiError('IDEMPOTENCY_KEY_INVALID');

    const signature = one(request.headers[CANARY_HEADER]);
    if (signature !== undefined && !isCanary(deps.canaryKey, signature, idempotencyKey, arrivedAtMs)) {
      throw new ApiError('CANARY_INVALID');
    }
    const kind = signature === undefined ? 'citizen' : 'canary';
    const { opensAt, closesAt } = settings.window;
    const outside = kind === 'citizen' ? outsideWindow(arrivedAtMs, opensAt, closesAt) : undefined;
    if (outside !== undefined) {
      throw new ApiError(outside, { members: { serverTime: new Date(arrivedAtMs).toISOString(), opensAt, closesAt } });
    }

    const { page } = settings;
    if (kind === 'citizen' && page !== undefined) {
      const retryAfterSeconds = later(page.retryAfterSeconds, deps.random());
      throw new ApiError('REGISTRATION_PAUSED', { retryAfterSeconds, detail: page.text });
    }
    if (deps.isOverloaded()) throw new ApiError('OVERLOADED', { retryAfterSeconds: soon(deps.random()) });
    const { admissionPerSecond, intakePods, burstSeconds } = settings.traffic;
    const share = admissionPerSecond / Math.max(1, intakePods);
    if (kind === 'citizen') {
      const nowMs = deps.monotonicMs();
      wait.attempted(nowMs);
      if (!bucket.take(nowMs, share, burstSeconds)) throw limited(nowMs, share);
    }
    return { settings, idempotencyKey, kind, arrivedAtMs };
  };
};

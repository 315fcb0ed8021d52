/** Refusals that every tier gives that citizens reach. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import { RETRY_AFTER_SECONDS } from '../../contract/crowd/returns.ts';
import { ApiError } from './errors.ts';

/** 1 to 3 s, random so that requests that were shed together are not repeated together. */
export const soon = (random: number): number =>
  RETRY_AFTER_SECONDS[Math.floor(random * RETRY_AFTER_SECONDS.length)] ?? RETRY_AFTER_SECONDS[0];
export const overloaded = (random: number): ApiError => new ApiError('OVERLOADED', { retryAfterSeconds: soon(random) });
/** At least the level's seconds, and up to half as many more. */
const later = (seconds: number, random: number): number => seconds + Math.floor((random * seconds) / 2);

/** A contingency level's page, for everyone who wants to write. */
export const pausedBy = (page: NonNullable<LiveSettings['page']>, random: number): ApiError =>
  new ApiError('REGISTRATION_PAUSED', { retryAfterSeconds: later(page.retryAfterSeconds, random), detail: page.text });

/** Outside the window, with its times. */
export const outsideWindow = ({ window: { opensAt, closesAt } }: LiveSettings, atMs: number): ApiError | undefined => {
  const isEarly = atMs < Date.parse(opensAt);
  if (!isEarly && atMs < Date.parse(closesAt)) return undefined;
  const members = { serverTime: new Date(atMs).toISOString(), opensAt, closesAt };
  return new ApiError(isEarly ? 'NOT_OPEN' : 'CLOSED', { members });
};

const QUEUE_CLOSED_SECONDS = 60;

export const queueClosed = (random: number): ApiError =>
  new ApiError('QUEUE_CLOSED', { retryAfterSeconds: later(QUEUE_CLOSED_SECONDS, random) });

/** A limit of one client. Random, so that its requests do not return together. */
export const tooMany = (waitMs: number, random: number): ApiError => {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ApiError('TOO_MANY_REQUESTS', { retryAfterSeconds: later(Math.max(2, seconds), random) });
};

export const starting = (random: number): ApiError => new ApiError('STARTING', { retryAfterSeconds: soon(random) });

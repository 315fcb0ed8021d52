/** At what pace outside systems take what waits, in words. Pure. */
import { instantMs } from '../../contract/instant.ts';
import type { TierStatus } from '../../contract/types/status.ts';
import { clockOf, type Zone } from '../times.ts';
import { count } from '../words.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

/** 40 s: 1 min; 89 min: 89 min; 8 h 50 min: 9 h; 50 h: 2 d. */
const about = (seconds: number): string => {
  if (seconds < 2 * HOUR_SECONDS) return `${Math.max(1, Math.round(seconds / MINUTE_SECONDS))} min`;
  if (seconds < 2 * DAY_SECONDS) return `${Math.round(seconds / HOUR_SECONDS)} h`;
  return `${Math.round(seconds / DAY_SECONDS)} d`;
};

/** As clockOf, without seconds: they can't be known hours ahead. */
const minuteOf = (ms: number, zone: Zone, nowMs: number): string => clockOf(ms, zone, nowMs).slice(0, -3);

/**
 * | the providers            | it says                                                         |
 * |--------------------------|-----------------------------------------------------------------|
 * | can be asked             | at 100/s, done in about 9 h, by 19:20                           |
 * | can't, until their day ends | no provider can be asked; resumes at 2027-03-02 00:00, done in about 20 h, by 2027-03-02 06:00 |
 * | can't, for an unknown time | no provider can be asked: the condition ProvidersReachable says why |
 */
export const paceText = (
  { perSecond, doneAt, resumesAt }: NonNullable<TierStatus['outside']>,
  zone: Zone,
  nowMs: number,
): string => {
  const done = (atMs: number): string =>
    `, done in about ${about((atMs - nowMs) / 1000)}, by ${minuteOf(atMs, zone, nowMs)}`;
  const end = doneAt === undefined ? '' : done(instantMs(doneAt));
  if (perSecond > 0) return `at ${count(perSecond)}/s${end === '' ? ', done later than in 60 days' : end}`;
  if (resumesAt === undefined) return 'no provider can be asked: the condition ProvidersReachable says why';
  return `no provider can be asked; resumes at ${minuteOf(instantMs(resumesAt), zone, nowMs)}${end}`;
};

/** Instants in the campaign's time zone: that of `opensAt`. Pure. */
import { DURATION_PATTERN, parseDurationMs } from '../contract/duration.ts';
import { parseInstant } from '../contract/instant.ts';
import { UsageError } from './errors.ts';
import { span } from './words.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface Zone {
  readonly offsetMs: number;
  /** `+08:00`. */
  readonly text: string;
}

/** `2020-09-25T10:00:00+08:00` → eight hours. */
export const zoneOf = (instant: string): Zone => {
  const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})$/.exec(instant) ?? [];
  if (sign === undefined) return { offsetMs: 0, text: '+00:00' };
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  return { offsetMs: sign === '-' ? -offsetMs : offsetMs, text: `${sign}${hours}:${minutes}` };
};

const local = (ms: number, { offsetMs }: Zone): string => new Date(ms + offsetMs).toISOString();

/** `20:00:04`; with its date on another day than `nowMs`. */
export const clockOf = (ms: number, zone: Zone, nowMs: number): string => {
  const [text, today] = [local(ms, zone), local(nowMs, zone)];
  const time = text.slice(11, 19);
  return text.slice(0, 10) === today.slice(0, 10) ? time : `${text.slice(0, 10)} ${time}`;
};

/** `2020-09-25T12:00:00+08:00`, for files and commands. */
export const instantOf = (ms: number, zone: Zone): string => `${local(ms, zone).slice(0, 19)}${zone.text}`;

/** `3:20 min ago`, `in 2:00 h`. */
export const ago = (ms: number, nowMs: number): string =>
  ms > nowMs ? `in ${span((ms - nowMs) / 1000)}` : `${span((nowMs - ms) / 1000)} ago`;

const FORMS = 'write an instant (2020-09-25T20:00:04+08:00), a time of the campaign’s day (20:00:04) or an age (15m)';
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** A time of the day, on the campaign's day at `nowMs`; undefined for other text. */
export const dayAt = (text: string, { offsetMs }: Zone, nowMs: number): number | undefined => {
  const [, hours, minutes, seconds = '0'] = TIME.exec(text) ?? [];
  if (hours === undefined) return undefined;
  const midnight = Math.floor((nowMs + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
  return midnight + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
};

/**
 * | text                        | instant                                             |
 * |-----------------------------|-----------------------------------------------------|
 * | 2020-09-25T20:00:04+08:00   | that                                                |
 * | 20:00:04, 20:00             | the last time that the campaign's clock showed that |
 * | 15m, 1h30m, 90s             | so long ago                                         |
 *
 * @throws UsageError for anything else, and for the future
 */
export const parsePast = (text: string, zone: Zone, nowMs: number, option = '--at'): number => {
  const today = dayAt(text, zone, nowMs);
  if (today !== undefined) return today > nowMs ? today - DAY_MS : today;
  if (new RegExp(DURATION_PATTERN).test(text)) return nowMs - parseDurationMs(text);
  const ms = parseInstant(text);
  if (ms === undefined) throw new UsageError(`${option} ${text} can't be read: ${FORMS}`);
  if (ms > nowMs) throw new UsageError(`${option} ${text} is ${ago(ms, nowMs)}: it must be in the past`);
  return ms;
};

/**
 * | text                        | instant                                             |
 * |-----------------------------|-----------------------------------------------------|
 * | 2020-09-25T20:00:04+08:00   | that                                                |
 * | 20:00:04, 20:00             | the next time that the campaign's clock shows that  |
 * | 2h, 90m                     | so long from now                                    |
 *
 * @throws UsageError for anything else, and for the past
 */
export const parseFuture = (option: string, text: string, zone: Zone, nowMs: number): number => {
  const today = dayAt(text, zone, nowMs);
  if (today !== undefined) return today > nowMs ? today : today + DAY_MS;
  if (new RegExp(DURATION_PATTERN).test(text)) return nowMs + parseDurationMs(text);
  const ms = parseInstant(text);
  if (ms === undefined) {
    throw new UsageError(
      `${option} ${text} can't be read: write an instant (2020-09-25T20:00:04+08:00), a time of the campaign’s day (20:00) or a duration (2h)`,
    );
  }
  if (ms <= nowMs) throw new UsageError(`${option} ${text} is ${ago(ms, nowMs)}: it must be in the future`);
  return ms;
};

/** Durations as campaigns write them: `90s`, `30m`, `1h30m`. Pure; imports nothing. */

/** The only accepted form. Units may come in any order and repeat; `1h30m` and `90m` mean the same. */
export const DURATION_PATTERN = '^([0-9]+(s|m|h))+$';

export const DURATION_REMEDY = 'write numbers with s, m or h, such as 30s, 15m or 1h30m';

const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const WHOLE = new RegExp(DURATION_PATTERN);
const PART = /([0-9]+)(s|m|h)/g;

/** Thrown for text that DURATION_PATTERN refuses; an admitted campaign never causes it. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
  readonly kind = 'InvalidDuration';
}

/** `1h30m` → 5,400,000 ms. */
export const parseDurationMs = (text: string): number => {
  if (!WHOLE.test(text)) {
    throw new DurationError(`"${text}" is not a duration: ${DURATION_REMEDY}`);
  }
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART)) totalMs += Number(amount) * (MS_PER_UNIT[unit ?? ''] ?? 0);
  return totalMs;
};

/** Numbers and times for people. Pure. */
import stringWidth from 'string-width';

/** 0 → 0 s, 75 → 1:15 min, 7,260 → 2:01 h, 200,000 → 2 d 7 h. */
export const span = (seconds: number): string => {
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.abs(Math.round(seconds));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (whole < 60) return `${sign}${whole} s`;
  if (whole < 3_600) return `${sign}${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  if (whole < 86_400) return `${sign}${Math.floor(whole / 3_600)}:${two((whole % 3_600) / 60)} h`;
  return `${sign}${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
};

/** As span, with whole minutes and hours short, for an axis: 600 → 10 min. */
export const tick = (seconds: number): string => {
  const whole = Math.abs(Math.round(seconds));
  const sign = seconds < 0 ? '−' : '';
  if (whole > 0 && whole % 86_400 === 0) return `${sign}${whole / 86_400} d`;
  if (whole > 0 && whole < 86_400 && whole % 3_600 === 0) return `${sign}${whole / 3_600} h`;
  return whole > 0 && whole < 3_600 && whole % 60 === 0 ? `${sign}${whole / 60} min` : `${sign}${span(whole)}`;
};

/** 1,234,567 with commas, in every locale. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** With as many digits as are of use, so that little is not shown as 0: 0.0333, 4.07, 83.9, 911.5, 12,346. */
export const figure = (value: number): string => {
  if (value < 100) return String(Number(value.toPrecision(3)));
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10_000 ? 1 : 0 });
};

/** How long a computation took: 40 ms, 4.0 s. */
export const took = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** 0.5, 950, 8k, 1.2M: for the edge of a plot. */
export const short = (value: number): string => {
  const shortened = (by: number, unit: string): string => `${Number((value / by).toFixed(1))}${unit}`;
  if (value >= 1e6) return shortened(1e6, 'M');
  return value >= 1e4 ? shortened(1e3, 'k') : figure(value);
};

/** intake; intake and records; intake, records and verification. */
const LIST = new Intl.ListFormat('en-GB', { style: 'long', type: 'conjunction' });
export const listed = (words: readonly string[]): string => LIST.format(words);

/** Rows under each other, the first one the header. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))));
  const cells = (row: readonly string[]): string =>
    row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - stringWidth(cell)))).join('  ');
  return rows.map((row) => `${cells(row).trimEnd()}\n`).join('');
};

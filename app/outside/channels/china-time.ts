/** Times as Alipay and UnionPay write them. Pure. China has one time zone and no daylight saving time. */
const CHINA_OFFSET_MS = 8 * 3_600_000;

/** `2020-09-25 10:00:00` for 2020-09-25T02:00:00Z. */
export const chinaTime = (atMs: number): string =>
  new Date(atMs + CHINA_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');

/** `20200926` for 2020-09-25T16:30:00Z. */
export const chinaDate = (atMs: number): string => chinaTime(atMs).slice(0, 10).replaceAll('-', '');

/** Of `2020-09-25 10:00:00`, `20200925100000`, `2020-09-25` or `20200925`; undefined for others. */
export const parseChinaTime = (text: unknown): number | undefined => {
  const digits = typeof text === 'string' ? text.replaceAll(/[-: T]/g, '') : '';
  if (!/^\d{8}(\d{6})?$/.test(digits)) return undefined;
  const [date, time] = [digits.slice(0, 8), digits.slice(8).padEnd(6, '0')];
  const iso = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}+08:00`;
  const atMs = Date.parse(iso);
  return Number.isNaN(atMs) ? undefined : atMs;
};

/** Numbers, times and labels in the language of the page. Pure. */
import { clockOf, type Zone } from '../times.ts';
import { count, span } from '../words.ts';
import { type Html, html } from './html.ts';
import { type Language, otherThan, TEXTS, type Text, type TextKey } from './texts.ts';

export interface Look {
  readonly language: Language;
  /** Large figures for a command centre; labels in both languages. */
  readonly isWall: boolean;
}

export const say = ({ language }: Look, key: TextKey): string => TEXTS[key][language];

/** On the wall with the other language below it. */
export const label = (look: Look, text: Text): Html => {
  const other = otherThan(look.language);
  return look.isWall
    ? html`<span>${text[look.language]}</span> <small lang="${other}">${text[other]}</small>`
    : html`<span>${text[look.language]}</span>`;
};

const DAY = 86_400;

/** As cli/words.ts `span`, and `under 1 s`; in Chinese 45 秒, 1 分 15 秒, 2 小时 1 分, 2 天 7 小时. */
export const duration = ({ language }: Look, seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (seconds > 0 && seconds < 1) return language === 'en' ? 'under 1 s' : '不到 1 秒';
  if (language === 'en') return span(whole);
  if (whole < 60) return `${whole} 秒`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} 分 ${whole % 60} 秒`;
  if (whole < DAY) return `${Math.floor(whole / 3_600)} 小时 ${Math.floor((whole % 3_600) / 60)} 分`;
  return `${Math.floor(whole / DAY)} 天 ${Math.floor((whole % DAY) / 3_600)} 小时`;
};

/** `3:20 min ago`, `in 2:00 h`; 3 分 20 秒前, 2 小时 0 分后. */
export const ago = (look: Look, atMs: number, nowMs: number): string => {
  const text = duration(look, Math.abs(nowMs - atMs) / 1000);
  if (look.language === 'en') return atMs > nowMs ? `in ${text}` : `${text} ago`;
  return `${text}${atMs > nowMs ? '后' : '前'}`;
};

/** `20:00:04 (3:20 min ago)`. */
export const at = (look: Look, atMs: number, nowMs: number, zone: Zone): string =>
  look.language === 'en'
    ? `${clockOf(atMs, zone, nowMs)} (${ago(look, atMs, nowMs)})`
    : `${clockOf(atMs, zone, nowMs)}（${ago(look, atMs, nowMs)}）`;

/** `11,840`, or the word for unknown. */
export const number = (look: Look, value: number | undefined): string =>
  value === undefined ? say(look, 'unknown') : count(value);

/** 40 ms, 1.2 s; 40 毫秒, 1.2 秒. */
export const milliseconds = ({ language }: Look, ms: number): readonly [string, string] => {
  const isShort = ms < 1_000;
  const [short, long] = language === 'en' ? ['ms', 's'] : ['毫秒', '秒'];
  return isShort ? [String(Math.round(ms)), short] : [(ms / 1_000).toFixed(1), long];
};

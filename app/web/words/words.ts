/** The words of the page in a language, and how it writes times, numbers and money. Pure. */
import type { LocalizedText } from '../../../contract/app-contract.ts';
import { en } from './en.ts';
import type { Messages } from './messages.ts';
import { zh } from './zh.ts';

export type { Messages };
export type Language = keyof LocalizedText;

export const WORDS: Readonly<Record<Language, Messages>> = { 'zh-CN': zh, en };

const CHANNELS: Readonly<Record<string, LocalizedText>> = {
  wechat: { 'zh-CN': '微信支付', en: 'WeChat Pay' },
  alipay: { 'zh-CN': '支付宝', en: 'Alipay' },
  unionpay: { 'zh-CN': '云闪付', en: 'UnionPay' },
};

const TIME_ZONE = 'Asia/Shanghai';
const LOCALES: Readonly<Record<Language, string>> = { 'zh-CN': 'zh-CN', en: 'en-GB' };

const made = (language: Language) => {
  const locale = LOCALES[language];
  const time = new Intl.DateTimeFormat(locale, {
    timeZone: TIME_ZONE,
    ...{ year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const number = new Intl.NumberFormat(locale);
  return {
    time: (instant: string): string => time.format(new Date(instant)) + WORDS[language].beijingTime,
    number: (value: number): string => number.format(value),
    /** 200,000 is 20万 in Chinese. */
    count: (value: number): string =>
      language === 'zh-CN' && value >= 10_000 && value % 10_000 === 0
        ? `${number.format(value / 10_000)}万`
        : number.format(value),
    money: (fen: number): string => {
      const yuan = number.format(fen / 100);
      return language === 'zh-CN' ? `${yuan}元` : `¥${yuan}`;
    },
    channel: (name: string): string => CHANNELS[name]?.[language] ?? name,
  };
};
export type Writing = ReturnType<typeof made>;

export const WRITING: Readonly<Record<Language, Writing>> = { 'zh-CN': made('zh-CN'), en: made('en') };

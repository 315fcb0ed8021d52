/** For whom a page is written: language and size of type, each chosen with one tap and kept in a cookie. */
import type { IncomingMessage } from 'node:http';
import { languageOf } from '../http/answer.ts';
import type { Language } from './words/words.ts';

export interface Viewer {
  readonly language: Language;
  readonly isElder: boolean;
}

/** Cookies of one phone have some hundred characters; a header of 8 kB is not searched. */
const MOST_COOKIES = 4_096;

const cookie = (request: IncomingMessage, name: string): string | undefined => {
  const header = request.headers.cookie ?? '';
  if (header.length > MOST_COOKIES) return undefined;
  return new RegExp(`(?:^|; )${name}=([\\w-]{1,16})(?:;|$)`).exec(header)?.[1];
};

/** Half a year. */
const KEPT_SECONDS = 15_552_000;
const kept = (name: string, value: string): string => `${name}=${value}; Path=/; Max-Age=${KEPT_SECONDS}; SameSite=Lax`;

export interface Chosen {
  readonly lang?: string | undefined;
  readonly size?: string | undefined;
}

export const viewerOf = (request: IncomingMessage, { lang, size }: Chosen = {}): Viewer => {
  const language = lang ?? cookie(request, 'vc_lang');
  return {
    language: language === 'en' || language === 'zh-CN' ? language : languageOf(request),
    isElder: (size ?? cookie(request, 'vc_size')) === 'elder',
  };
};

/** Undefined: nothing was chosen. */
export const cookieOf = ({ lang, size }: Chosen): string | undefined => {
  if (lang === 'en' || lang === 'zh-CN') return kept('vc_lang', lang);
  return size === 'elder' || size === 'standard' ? kept('vc_size', size) : undefined;
};

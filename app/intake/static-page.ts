/** The page of a contingency level that stops admission: rendered once, in both languages, and sent from memory. */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { Answer } from '../http/answer.ts';

type Page = NonNullable<LiveSettings['page']>;

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);

const SAFE: LocalizedText = {
  'zh-CN': '已取得回执的登记有效，无需重复登记。不必着急，机会均等。',
  en: 'If you have a receipt, you are registered and need not register again. There is no hurry: chances are equal.',
};

const section = (lang: keyof LocalizedText, campaign: LocalizedText, { title, text }: Page): string =>
  `<section lang="${lang}"><h1>${escaped(campaign[lang])}</h1><h2>${escaped(title[lang])}</h2>` +
  `<p>${escaped(text[lang])}</p><p>${SAFE[lang]}</p></section>`;

/** A few hundred bytes without scripts, images and links. */
const render = (campaign: LocalizedText, page: Page): string =>
  '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">' +
  '<meta name="viewport" content="width=device-width,initial-scale=1">' +
  `<title>${escaped(campaign['zh-CN'])}</title>` +
  '<style>body{font:1.1rem/1.6 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}' +
  'h1{font-size:1.3rem}h2{font-size:1.1rem}</style></head><body>' +
  `${section('zh-CN', campaign, page)}<hr>${section('en', campaign, page)}</body></html>\n`;

/** 503, so that intermediaries do not keep it as a page of the campaign. */
const answerOf = (page: Page, body: string): Answer => ({
  status: 503,
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'Cache-Control': 'public, max-age=1',
    'Retry-After': String(page.retryAfterSeconds),
  },
  body,
});

const isPage = ({ method, url = '' }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') && !url.startsWith('/api/');

/** Answers every page while a level has one; undefined: no level has. */
export const staticPage = (settings: LiveSettingsSource): ((request: IncomingMessage) => Answer | undefined) => {
  let made: { readonly from: LiveSettings; readonly answer: Answer } | undefined;
  return (request) => {
    const current = settings.current();
    if (current?.page === undefined || !isPage(request)) return undefined;
    if (made?.from !== current) {
      made = { from: current, answer: answerOf(current.page, render(current.title, current.page)) };
    }
    return made.answer;
  };
};

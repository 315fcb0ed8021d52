/** What citizens see while a contingency level lets nobody in: made once, in both languages, and sent from memory. */
import type { Request, RequestHandler, Response } from 'express';
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';

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
  'zh-CN': '已拿到回执的登记有效，无需重复登记。不必着急，机会均等。',
  en: 'Whoever has a receipt is registered and need not come again. There is no hurry: chances are equal.',
};

const section = (lang: keyof LocalizedText, campaign: LocalizedText, { title, text }: Page): string =>
  `<section lang="${lang}"><h1>${escaped(campaign[lang])}</h1><h2>${escaped(title[lang])}</h2>` +
  `<p>${escaped(text[lang])}</p><p>${SAFE[lang]}</p></section>`;

/** A few hundred bytes without a script, an image or a link. */
export const renderStaticPage = (campaign: LocalizedText, page: Page): Buffer =>
  Buffer.from(
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">' +
      '<meta name="viewport" content="width=device-width,initial-scale=1">' +
      `<title>${escaped(campaign['zh-CN'])}</title>` +
      '<style>body{font:1.1rem/1.6 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}' +
      'h1{font-size:1.3rem}h2{font-size:1.1rem}</style></head><body>' +
      `${section('zh-CN', campaign, page)}<hr>${section('en', campaign, page)}</body></html>\n`,
    'utf8',
  );

const isPage = ({ method, path }: Request): boolean =>
  (method === 'GET' || method === 'HEAD') && !path.startsWith('/api/');

const send = (response: Response, page: Page, html: Buffer): void => {
  // For intermediaries too: this is no page of the campaign that may be kept.
  response.writeHead(503, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'Cache-Control': 'public, max-age=1',
    'Retry-After': String(page.retryAfterSeconds),
    'Content-Length': html.length,
  });
  response.end(html);
};

/** Answers every page while a level asks for it; the API goes on to its routes. */
export const staticPage = (settings: LiveSettingsSource): RequestHandler => {
  let made: { readonly from: LiveSettings; readonly html: Buffer } | undefined;
  return (request, response, next) => {
    const current = settings.current();
    if (current?.page === undefined || !isPage(request)) return next();
    if (made?.from !== current) made = { from: current, html: renderStaticPage(current.title, current.page) };
    send(response, current.page, made.html);
  };
};

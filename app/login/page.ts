/**
 * The pages of the login tier, for browsers. The assertion gets to the campaign's page after "#" in the address, which no server and no
 * proxy sees, or by a message to the window that opened this one. Without scripts the citizen follows a link to the same address.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LocalizedText } from '../../contract/app-contract.ts';
import { type Answer, jsonAnswer, languageOf, problemAnswer } from '../http/answer.ts';
import { type ApiError, ERRORS } from '../http/errors.ts';

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

/** The same in every answer, so that its digest is the only script that a browser runs. */
const SCRIPT = `const link = document.getElementById('on');
const to = new URL(link.href);
if (window.opener) {
  window.opener.postMessage({ voucherLogin: to.hash.slice(1) }, to.origin);
  window.close();
} else {
  location.replace(to);
}`;
const DIGEST = createHash('sha256').update(SCRIPT).digest('base64');

const page = (language: keyof LocalizedText, status: number, title: string, body: string): Answer => ({
  status,
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': language,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': `default-src 'none'; script-src 'sha256-${DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  },
  body: `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><body><h1>${escaped(title)}</h1>${body}</body></html>`,
});

const DONE: LocalizedText = { 'zh-CN': '登录成功', en: 'You are logged in' };
const ON: LocalizedText = { 'zh-CN': '返回登记页面', en: 'Return to the registration' };

/** Browsers accept HTML; programs usually do not. */
const wantsPage = ({ headers }: IncomingMessage): boolean => (headers.accept ?? '').includes('text/html');

/** @param to page of the campaign */
export const assertionAnswer = (request: IncomingMessage, assertion: string, to: string): Answer => {
  if (!wantsPage(request)) return jsonAnswer(200, { assertion }, 'no-store');
  const language = languageOf(request);
  const address = new URL(to);
  address.hash = `assertion=${assertion}`;
  const link = `<p><a id="on" href="${escaped(address.href)}">${ON[language]}</a></p>`;
  return page(language, 200, DONE[language], `${link}<script>${SCRIPT}</script>`);
};

export const loginProblem = (request: IncomingMessage, error: ApiError): Answer => {
  const problem = problemAnswer(request, error);
  if (!wantsPage(request)) return problem;
  const language = languageOf(request);
  const shown = page(language, problem.status, ERRORS[error.code].title[language], '');
  const { 'Retry-After': retryAfter } = problem.headers;
  return retryAfter === undefined ? shown : { ...shown, headers: { ...shown.headers, 'Retry-After': retryAfter } };
};

/**
 * Logins of the local channels: the page to which a browser is sent, and codes that are exchanged for an account. A code works once, for
 * five minutes.
 *
 * | channel  | page                                      | code in the redirect | exchanged by                        |
 * |----------|-------------------------------------------|----------------------|-------------------------------------|
 * | wechat   | /connect/oauth2/authorize                 | code                 | GET /sns/oauth2/access_token        |
 * | alipay   | /oauth2/publicAppAuthorize.htm            | auth_code            | alipay.system.oauth.token           |
 * | unionpay | /s/open/html/oauth.html                   | code                 | POST /open/access/1.0/token         |
 *
 * A person enters an account in the page; a test adds `&account=…` to its address.
 */
import { randomBytes } from 'node:crypto';
import type { Channel } from '../../contract/envelope.ts';
import type { Reply } from '../providers/faults.ts';
import type { Incoming } from './protocol.ts';

const CODE_VALID_MS = 5 * 60_000;
const MOST_CODES = 100_000;

export type TakenCode = { readonly account: string } | 'unknown' | 'used';

export interface LoginCodes {
  issue(account: string, atMs: number): string;
  take(code: string, atMs: number): TakenCode;
}

export const createLoginCodes = (): LoginCodes => {
  const codes = new Map<string, { readonly account: string; readonly atMs: number; isUsed: boolean }>();
  return {
    issue(account, atMs) {
      const code = randomBytes(16).toString('hex');
      codes.set(code, { account, atMs, isUsed: false });
      // A Map lists its keys in the order in which they were set.
      for (const oldest of codes.keys()) {
        if (codes.size <= MOST_CODES) break;
        codes.delete(oldest);
      }
      return code;
    },
    take(code, atMs) {
      const found = codes.get(code);
      if (found === undefined || atMs - found.atMs >= CODE_VALID_MS) return 'unknown';
      if (found.isUsed) return 'used';
      found.isUsed = true;
      return { account: found.account };
    },
  };
};

interface LoginPage {
  readonly path: string;
  readonly appId: string;
  readonly redirect: string;
  readonly responseType?: string;
  readonly code: string;
}
export const LOGIN_PAGES: Readonly<Record<Channel, LoginPage>> = {
  wechat: {
    path: '/connect/oauth2/authorize',
    appId: 'appid',
    redirect: 'redirect_uri',
    responseType: 'response_type',
    code: 'code',
  },
  alipay: { path: '/oauth2/publicAppAuthorize.htm', appId: 'app_id', redirect: 'redirect_uri', code: 'auth_code' },
  unionpay: {
    path: '/s/open/html/oauth.html',
    appId: 'appId',
    redirect: 'redirectUri',
    responseType: 'responseType',
    code: 'code',
  },
};

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '');

const page = (path: string, query: URLSearchParams): string => {
  const kept = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return `<!DOCTYPE html><html><head><title>Local login</title></head><body><form action="${path}">${kept.join('')}<label>Account <input name="account" required></label> <button>Log in</button></form></body></html>`;
};

/** Undefined: another path. */
export const answerLoginPage = (
  channel: Channel,
  appId: string,
  codes: LoginCodes,
  { path, query, atMs }: Incoming,
): Reply | undefined => {
  const known = LOGIN_PAGES[channel];
  if (path !== known.path) return undefined;
  const refuse = (problem: string): Reply => ({ status: 400, body: JSON.stringify({ error: problem }) });
  const redirect = query.get(known.redirect);
  if (query.get(known.appId) !== appId) return refuse(`${known.appId} is not known`);
  if (known.responseType !== undefined && query.get(known.responseType) !== 'code')
    return refuse(`${known.responseType} must be code`);
  if (redirect === null || !URL.canParse(redirect)) return refuse(`${known.redirect} is no address`);
  const account = query.get('account');
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
  if (account === null) return { status: 200, body: page(path, query), headers };
  const back = new URL(redirect);
  back.searchParams.set(known.code, codes.issue(account, atMs));
  const state = query.get('state');
  if (state !== null) back.searchParams.set('state', state);
  if (channel === 'alipay') back.searchParams.set('app_id', appId);
  return { status: 302, body: '', headers: { ...headers, Location: back.href } };
};

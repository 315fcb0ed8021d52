/** The login of a channel, which proves an account: the page that the browser is sent to, and what its answer is called. */
import type { Channel } from '../../contract/envelope.ts';
import type { LoginSystem as LoginSystemSpec } from '../../contract/types/login.ts';
import type { AccountLogin } from '../outside/channels/account-login.ts';
import type { LoginSystem } from './ports.ts';

export type AccountSystemType = Exclude<LoginSystemSpec['type'], 'Oidc'>;

interface Page {
  readonly channel: Channel;
  readonly url: string;
  /** Names of the parameters of the request. */
  readonly appId: string;
  readonly redirect: string;
  readonly scope: string;
  readonly others: Readonly<Record<string, string>>;
  /** Parameter of the callback. */
  readonly code: string;
  readonly hash: string;
}

/**
 * As the channels document it. The silent scopes: the citizen confirms nothing, and only the account is given.
 * UnionPay's page is as its published SDKs use it; it was never run against UnionPay.
 */
const PAGES: Readonly<Record<AccountSystemType, Page>> = {
  WeChat: {
    channel: 'wechat',
    url: 'https://open.weixin.qq.com/connect/oauth2/authorize',
    appId: 'appid',
    redirect: 'redirect_uri',
    scope: 'snsapi_base',
    others: { response_type: 'code' },
    code: 'code',
    hash: '#wechat_redirect',
  },
  Alipay: {
    channel: 'alipay',
    url: 'https://openauth.alipay.com/oauth2/publicAppAuthorize.htm',
    appId: 'app_id',
    redirect: 'redirect_uri',
    scope: 'auth_base',
    others: {},
    code: 'auth_code',
    hash: '',
  },
  UnionPay: {
    channel: 'unionpay',
    url: 'https://open.95516.com/s/open/html/oauth.html',
    appId: 'appId',
    redirect: 'redirectUri',
    scope: 'upapi_base',
    others: { responseType: 'code' },
    code: 'code',
    hash: '',
  },
};

export const channelOf = (type: AccountSystemType): Channel => PAGES[type].channel;

export const createAccountSystem = (
  { name, authorizeUrl, clientId, scope }: LoginSystemSpec,
  type: AccountSystemType,
  login: AccountLogin,
): LoginSystem => {
  const page = PAGES[type];
  const { channel } = page;
  return {
    name,
    async begin({ state, redirectUri }) {
      const url = new URL(authorizeUrl ?? page.url);
      const query = {
        [page.appId]: clientId,
        [page.redirect]: redirectUri,
        ...page.others,
        scope: scope ?? page.scope,
        state,
      };
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
      url.hash = page.hash;
      return url;
    },
    async finish(_attempt, query, signal) {
      const code = query.get(page.code);
      // The citizen declined.
      if (code === null || code === '') return { kind: 'refused', reason: 'no code' };
      const found = await login.exchange(code, signal);
      if (found.kind !== 'account') return { kind: found.kind, reason: found.reason };
      return { kind: 'logged_in', who: { kind: 'account', channel, account: found.account } };
    },
  };
};

/** Whether citizens can log in: keys and addresses of spec.login. Pure. */
import { serviceNamespaceOf } from '../../contract/cluster-host.ts';
import { CHANNEL_KEYS } from '../../contract/outside/issuance.ts';
import { LOGIN_KEYS } from '../../contract/outside/login.ts';
import type { LoginSpec, LoginSystem } from '../../contract/types/login.ts';
import type { CampaignFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { secretKeys } from './secret-keys.ts';

const CHECK = 'login';

/** Of Oidc the client secret is optional: a public client has none. */
const KEYS_OF: Readonly<Record<LoginSystem['type'], readonly string[]>> = {
  Oidc: [],
  WeChat: ['wechat.app-secret'],
  Alipay: Object.values(CHANNEL_KEYS.alipay),
  UnionPay: [CHANNEL_KEYS.unionpay.secret],
};

const plain = (what: string, url: string, namespace: string): readonly Finding[] => {
  const { protocol, hostname, host } = new URL(url);
  return protocol === 'http:' && serviceNamespaceOf(hostname, namespace) === undefined
    ? [
        warn(
          CHECK,
          `${what} is http://${host}: codes and assertions are sent without encryption`,
          'write https://, or for a Service of the cluster its name that ends in .svc',
        ),
      ]
    : [];
};

const addresses = ({ url, page, systems }: LoginSpec, namespace: string): readonly Finding[] =>
  [
    ['spec.login.url', url] as const,
    ['spec.login.page', page] as const,
    ...systems.flatMap(({ name, ...system }) =>
      system.url === undefined ? [] : [[`system ${name}`, system.url] as const],
    ),
  ].flatMap(([what, address]) =>
    URL.canParse(address)
      ? plain(what, address, namespace)
      : [fail(CHECK, `${what}: ${address} is not a valid address`, 'write one that begins with https://')],
  );

const IDS = { WeChat: 'wechat', Alipay: 'alipay', UnionPay: 'unionpay' } as const;

/** An account is valid for one app: issuance could use none that is bound with another. */
const apps = ({ systems }: LoginSpec, { issuance }: CampaignFacts['campaign']['spec']): readonly Finding[] =>
  systems.flatMap(({ name, type, clientId }) => {
    if (type === 'Oidc' || issuance === undefined) return [];
    const channel = issuance.channels.find((one) => one.name === IDS[type]);
    if (channel === undefined || channel.appId === clientId) return [];
    return [
      fail(
        CHECK,
        `system ${name} has clientId ${clientId}, but channel ${channel.name} of spec.issuance has appId ${channel.appId}: accounts of one app do not exist in the other`,
        'state the same app in both',
      ),
    ];
  });

export const checkLogin = ({ campaign, secrets }: CampaignFacts): readonly Finding[] => {
  const { login } = campaign.spec;
  if (login === undefined) return [];
  const needed = [LOGIN_KEYS.privateKey, ...login.systems.flatMap(({ type }) => KEYS_OF[type])];
  const found = [...addresses(login, campaign.metadata.namespace), ...apps(login, campaign.spec)];
  return [
    ...secretKeys({
      check: CHECK,
      campaign,
      secret: secrets.login,
      pods: 'login',
      missing: (there) => needed.filter((key) => !there.includes(key)),
      option: (key) => `--from-file=${key}=…`,
    }),
    ...(found.length === 0
      ? [ok(CHECK, `${login.systems.map(({ name }) => name).join(', ')}: addresses and apps are right`)]
      : found),
  ];
};

/** Whether vouchers can be issued: the channels' keys, addresses, time zones, pace. Pure. */
import { serviceNamespaceOf } from '../../contract/cluster-host.ts';
import type { Channel } from '../../contract/envelope.ts';
import { CHANNEL_KEYS } from '../../contract/outside/issuance.ts';
import { USED_OF_RATE } from '../../contract/outside/outside.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';
import { knownZone } from '../../runtime/zone-dates.ts';
import { count, span } from '../words.ts';
import type { CampaignFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { secretKeys } from './secret-keys.ts';

const CHECK = 'issuance';
const SECONDS_PER_DAY = 86_400;

/** WeChat's answers are signed by its public key, or by platform certificates: one of them is enough. UnionPay's are not signed. */
export const missingKeys = (channel: Channel, found: readonly string[]): readonly string[] => {
  const lacking = (...keys: readonly string[]): readonly string[] => keys.filter((key) => !found.includes(key));
  if (channel === 'unionpay') return lacking(CHANNEL_KEYS.unionpay.privateKey, CHANNEL_KEYS.unionpay.secret);
  if (channel === 'alipay') return lacking(...Object.values(CHANNEL_KEYS.alipay));
  const { privateKey, serial, apiV3Key, publicKey, publicKeyId, certificates } = CHANNEL_KEYS.wechat;
  const own = lacking(privateKey, serial, apiV3Key);
  return found.includes(certificates) ? own : [...own, ...lacking(publicKey, publicKeyId)];
};

const address = ({ name, url }: IssuanceChannel, namespace: string): readonly Finding[] => {
  if (url === undefined) return [];
  if (!URL.canParse(url)) {
    return [fail(CHECK, `channel ${name}: ${url} is not a valid address`, 'write one that begins with https://')];
  }
  const { protocol, hostname, host } = new URL(url);
  if (protocol !== 'http:' || serviceNamespaceOf(hostname, namespace) !== undefined) return [];
  return [
    warn(
      CHECK,
      `channel ${name}: accounts of winners are sent to ${host} without encryption`,
      'write https://, or for a Service of the cluster its name that ends in .svc',
    ),
  ];
};

const zone = ({ name, timeZone }: IssuanceChannel): readonly Finding[] =>
  knownZone(timeZone) === timeZone
    ? []
    : [
        warn(
          CHECK,
          `channel ${name}: time zone ${timeZone} is not known, so its quota day is that of ${knownZone(timeZone)}`,
          'write a name of the IANA time zone database, such as Asia/Shanghai',
        ),
      ];

/** Which channel citizens choose is not known before: so what each channel needs if all winners choose it. */
const pace = (channels: readonly IssuanceChannel[], vouchers: number): Finding => {
  const each = channels.map(({ name, requestsPerSecond, requestsPerDay = Number.POSITIVE_INFINITY }) => {
    const perDay = Math.min(requestsPerDay, requestsPerSecond * USED_OF_RATE * SECONDS_PER_DAY);
    return `${span((vouchers / perDay) * SECONDS_PER_DAY)} through ${name} alone`;
  });
  return ok(CHECK, `${count(vouchers)} vouchers take about ${each.join(', ')}`);
};

export const checkIssuance = ({ campaign, secrets }: CampaignFacts): readonly Finding[] => {
  const { issuance, vouchers } = campaign.spec;
  if (issuance === undefined) return [];
  const { channels } = issuance;
  const { namespace } = campaign.metadata;
  return [
    ...secretKeys({
      check: CHECK,
      campaign,
      secret: secrets.channels,
      pods: 'issuance',
      provenBy: 'ChannelsReachable',
      missing: (found) => channels.flatMap(({ name }) => missingKeys(name, found)),
      option: (key) => `--from-file=${key}=…`,
    }),
    ...channels.flatMap((channel) => [...address(channel, namespace), ...zone(channel)]),
    pace(
      channels,
      vouchers.reduce((sum, { quota }) => sum + quota, 0),
    ),
  ];
};

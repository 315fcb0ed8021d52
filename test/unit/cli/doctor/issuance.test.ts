import { describe, expect, it } from '@jest/globals';
import { checkIssuance } from '../../../../cli/doctor/check-issuance.ts';
import type { CampaignFacts } from '../../../../cli/doctor/doctor-facts.ts';
import { CHANNEL_KEYS } from '../../../../contract/outside/issuance.ts';
import type { IssuanceChannel } from '../../../../contract/types/issuance.ts';
import { aStatus, conditions } from '../../../helpers/a-status.ts';
import { campaignFacts, HIDDEN, seen } from '../../../helpers/doctor-facts.ts';
import { ISSUANCE } from '../../../helpers/issuance-campaign.ts';

const { wechat, alipay, unionpay } = CHANNEL_KEYS;
const KEYS = [wechat.privateKey, wechat.serial, wechat.apiV3Key, wechat.publicKey, wechat.publicKeyId];
const ALL = [...KEYS, ...Object.values(alipay)];

interface Case {
  readonly channels?: readonly IssuanceChannel[];
  readonly keys?: readonly string[] | undefined | typeof HIDDEN;
  readonly status?: CampaignFacts['campaign']['status'];
}
const found = (of: Case): ReturnType<typeof checkIssuance> => {
  const { channels = ISSUANCE.channels, status } = of;
  const keys = 'keys' in of ? of.keys : ALL;
  const secret = keys === HIDDEN ? HIDDEN : seen(keys as readonly string[] | undefined);
  return checkIssuance(
    campaignFacts({
      campaign: { spec: { issuance: { ...ISSUANCE, channels } }, ...(status === undefined ? {} : { status }) },
      secrets: { ...campaignFacts().secrets, channels: { name: 'voucher-issuance', keys: secret } },
    }),
  );
};
const wrong = (of: Case): readonly string[] =>
  found(of)
    .filter(({ level }) => level !== 'OK')
    .map(({ level, said }) => `${level} ${said}`);
const [first, second] = ISSUANCE.channels as readonly [IssuanceChannel, IssuanceChannel];

describe('a campaign that issues vouchers', () => {
  it('is well, says how long it takes, and one that does not is not asked', () => {
    expect(wrong({})).toEqual([]);
    expect(found({}).map(({ said }) => said)).toContain(
      '1,000 vouchers take about 11 s through wechat alone, 11 s through alipay alone',
    );
    expect(checkIssuance(campaignFacts())).toEqual([]);
  });

  it.each<[string, Case, readonly string[]]>([
    [
      'has no Secret',
      { keys: undefined },
      ['FAIL there is no Secret voucher-issuance in namespace vouchers, and issuance pods wait for it'],
    ],
    [
      'has one without some files',
      { keys: KEYS.slice(1) },
      [`FAIL Secret voucher-issuance lacks ${[wechat.privateKey, ...Object.values(alipay)].join(', ')}`],
    ],
    [
      'has platform certificates instead of WeChat Pay’s public key',
      { keys: [...KEYS.slice(0, 3), wechat.certificates, ...Object.values(alipay)] },
      [],
    ],
    [
      'needs no public key of UnionPay',
      { channels: [{ ...first, name: 'unionpay' }], keys: [unionpay.privateKey, unionpay.secret] },
      [],
    ],
    [
      'sends accounts without encryption',
      { channels: [{ ...first, url: 'http://pay.example' }, second] },
      ['WARN channel wechat: accounts of winners are sent to pay.example without encryption'],
    ],
    ['asks a Service of the cluster', { channels: [{ ...first, url: 'http://pay.city.svc:8080' }, second] }, []],
    [
      'has an address that is none',
      { channels: [{ ...first, url: 'https://pay.example:99999' }, second] },
      ['FAIL channel wechat: https://pay.example:99999 is not a valid address'],
    ],
    [
      'has a time zone that is none',
      { channels: [{ ...first, timeZone: 'Asia/Chengdu' }, second] },
      ['WARN channel wechat: time zone Asia/Chengdu is not known, so its quota day is that of Asia/Shanghai'],
    ],
  ])('%s', (_, of, findings) => {
    expect(wrong(of)).toEqual(findings);
  });

  it('has its keys when the user may not see them, and the channels answer', () => {
    const status = aStatus({ conditions: conditions({ type: 'ChannelsReachable', reason: 'AllAnswer' }) });
    expect(found({ keys: HIDDEN, status }).map(({ said }) => said)).toContain(
      'Secret voucher-issuance is used by pods',
    );
  });
});

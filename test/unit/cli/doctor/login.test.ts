import { describe, expect, it } from '@jest/globals';
import { checkLogin } from '../../../../cli/doctor/check-login.ts';
import type { LoginSpec, LoginSystem } from '../../../../contract/types/login.ts';
import { campaignFacts, HIDDEN, seen } from '../../../helpers/doctor-facts.ts';
import { loginSections } from '../../../helpers/logins.ts';

const { login: section } = loginSections('k');
const spec = { secretName: 'voucher-login', ...section } as LoginSpec;
const [city] = spec.systems as readonly [LoginSystem];
const { url: _url, ...rest } = city;
const wechat: LoginSystem = { ...rest, name: 'wechat', type: 'WeChat', clientId: 'wx1' };
const KEYS = ['login.private-key.pem', 'wechat.app-secret'];
const issuance = { channels: [{ name: 'wechat', appId: 'wx1' }] };

const told = (
  over: Partial<LoginSpec> = {},
  keys: readonly string[] | undefined | typeof HIDDEN = KEYS,
  more: object = { issuance },
) =>
  checkLogin(
    campaignFacts({
      campaign: { spec: { login: { ...spec, systems: [city, wechat], ...over }, ...more } as never },
      secrets: {
        ...campaignFacts().secrets,
        login: { name: 'voucher-login', keys: keys === HIDDEN ? HIDDEN : seen(keys as readonly string[] | undefined) },
      },
    }),
  )
    .filter(({ level }) => level !== 'OK')
    .map(({ level, said, remedy }) => `${level} ${said} → ${remedy}`);

describe('a campaign with logins', () => {
  it('is well, and one without is not asked', () => {
    expect(told()).toEqual([]);
    expect(checkLogin(campaignFacts())).toEqual([]);
  });

  it('lacks keys, each by its name', () => {
    expect(told({}, [])).toEqual([
      'FAIL Secret voucher-login lacks login.private-key.pem, wechat.app-secret → kubectl edit secret voucher-login -n vouchers',
    ]);
  });

  it('sends codes without encryption', () => {
    const [said = ''] = told({ systems: [{ ...city, url: 'http://id.example' }] });
    expect(said).toContain('WARN system city is http://id.example: codes and assertions are sent without encryption');
    expect(told({ systems: [{ ...city, url: 'http://id.city.svc' }] })).toEqual([]);
  });

  it('binds accounts of another app than that of issuance', () => {
    const [said = ''] = told({ systems: [{ ...wechat, clientId: 'wx2' }] });
    expect(said).toContain('FAIL system wechat has clientId wx2, but channel wechat of spec.issuance has appId wx1');
    expect(told({ systems: [{ ...wechat, clientId: 'wx2' }] }, KEYS, {})).toEqual([]);
  });
});

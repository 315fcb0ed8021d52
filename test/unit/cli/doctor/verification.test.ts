import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { admitCampaign } from '../../../../admission/admission.ts';
import { checkVerification } from '../../../../cli/doctor/check-verification.ts';
import type { CampaignFacts } from '../../../../cli/doctor/doctor-facts.ts';
import type { ProviderSpec } from '../../../../contract/types/verification.ts';
import { type CampaignChanges, DRAW, VERIFICATION } from '../../../helpers/a-campaign.ts';
import { aStatus, conditions } from '../../../helpers/a-status.ts';
import { campaignFacts, HIDDEN, seen } from '../../../helpers/doctor-facts.ts';

const [tencent] = VERIFICATION.providers as readonly [ProviderSpec];
const city: ProviderSpec = {
  ...tencent,
  name: 'city',
  type: 'Http',
  url: 'https://id.example/check',
  http: { body: '{"n":"{{name}}"}', signature: 'hmacSha256', codeAt: '/code', match: ['0'], mismatch: ['1'] },
};
const KEYS = ['tencent.secret-id', 'tencent.secret-key', 'city.secret-key'];

interface Case {
  readonly providers?: readonly ProviderSpec[];
  readonly keys?: readonly string[] | undefined | typeof HIDDEN;
  readonly spec?: CampaignChanges['spec'];
  readonly status?: CampaignChanges['status'];
}
const factsOf = ({ providers = [tencent, city], spec, status, ...rest }: Case): CampaignFacts => {
  const keys = 'keys' in rest ? rest.keys : KEYS;
  const { secrets } = campaignFacts();
  const found = keys === HIDDEN ? HIDDEN : seen(keys as readonly string[] | undefined);
  return campaignFacts({
    campaign: {
      spec: { verification: { ...VERIFICATION, providers }, ...spec },
      ...(status === undefined ? {} : { status }),
    },
    secrets: { ...secrets, providers: { name: 'voucher-verification', keys: found } },
  });
};
const told = (of: Case): readonly string[] =>
  checkVerification(factsOf(of))
    .filter(({ level }) => level !== 'OK')
    .map(({ level, said, remedy }) => `${level} ${said} → ${remedy}`);

describe('a campaign that verifies identities', () => {
  it('is well, and one that does not is not asked', () => {
    expect(told({})).toEqual([]);
    expect(checkVerification(campaignFacts())).toEqual([]);
  });

  it.each<[string, Case, readonly string[]]>([
    [
      'has no Secret',
      { keys: undefined },
      [
        'FAIL there is no Secret voucher-verification in namespace vouchers, and verification pods wait for it → kubectl create secret generic voucher-verification -n vouchers --from-literal=tencent.secret-id=… --from-literal=tencent.secret-key=… --from-literal=city.secret-key=…',
      ],
    ],
    [
      'has one without a key',
      { keys: ['tencent.secret-id', 'city.secret-key'] },
      ['FAIL Secret voucher-verification lacks tencent.secret-key'],
    ],
    [
      'has a Secret that may not be read',
      {
        keys: HIDDEN,
        status: aStatus({
          conditions: conditions({ type: 'ProvidersReachable', status: 'Unknown', reason: 'NotYetObserved' }),
        }),
      },
      ['WARN you lack permission to read this'],
    ],
    [
      'has a body that is no JSON',
      { providers: [{ ...city, http: { ...(city.http as NonNullable<ProviderSpec['http']>), body: '{' } }] },
      ['FAIL provider city: http.body is not JSON'],
    ],
    [
      'sends numbers in plain text',
      { providers: [tencent, { ...city, url: 'http://id.example:8080/check' }] },
      ['WARN provider city: names and identity numbers are sent to id.example:8080 without encryption'],
    ],
    ['asks a Service of the cluster', { providers: [{ ...city, url: 'http://id.health.svc:8080' }] }, []],
    [
      'has an unknown time zone',
      { providers: [{ ...tencent, timeZone: 'Asia/Chengdu' }] },
      ['WARN provider tencent: time zone Asia/Chengdu is not known, so its quota day is that of Asia/Shanghai'],
    ],
    [
      'ends too early',
      {
        providers: [{ ...tencent, requestsPerSecond: 1 }],
        spec: { draw: { ...DRAW, unverified: 'exclude', verifyBy: '2020-09-25T10:10:00+08:00' } },
      },
      ['WARN 1,000 identities, one for each voucher, take about 17:55 min at 1/s, but verifyBy is 10:00 min after'],
    ],
    [
      'has a quota that is too small',
      {
        providers: [{ ...tencent, requestsPerDay: 100 }],
        spec: { draw: { ...DRAW, unverified: 'enter', verifyBy: '2020-09-26T10:00:00+08:00' } },
      },
      ['WARN 1,000 identities, one for each voucher, take about 10 d 0 h'],
    ],
  ])('%s', (_, changes, expected) => {
    const findings = told(changes);
    expect(findings).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(findings[index]).toContain(text);
  });

  it('needs no key for a provider without a signature', () => {
    const open = { ...city, http: { ...(city.http as NonNullable<ProviderSpec['http']>), signature: 'none' } } as const;
    expect(told({ providers: [open], keys: [] })).toEqual([]);
  });

  it('whose Secret is hidden is judged by its condition', () => {
    const status = aStatus({
      conditions: conditions({ type: 'ProvidersReachable', status: 'True', reason: 'AllAnswer', message: 'm' }),
    });
    expect(told({ keys: HIDDEN, status })).toEqual([]);
  });

  it('finds every key of the example in the Secret that docs/verification.md creates', () => {
    const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../../..', path), 'utf8');
    const admission = admitCampaign(read('examples/verification.yaml'));
    if (admission.kind === 'refused') throw new Error('the example is refused');
    const { verification, draw, vouchers, window } = admission.campaign.spec;
    const keys = [...read('docs/verification.md').matchAll(/--from-literal=([^=]+)=/g)].map(([, key = '']) => key);
    expect(keys).toHaveLength(3);
    const spec = { draw, vouchers, window, ...(verification && { verification }) };
    expect(told({ ...(verification && { providers: verification.providers }), keys, spec })).toEqual([]);
  });

  it('says how long the least takes', () => {
    const said = checkVerification(factsOf({})).map((one) => one.said);
    expect(said).toContain(
      '1,000 identities, one for each voucher, take about 5 s at 200/s; the list is frozen when all are verified',
    );
  });
});

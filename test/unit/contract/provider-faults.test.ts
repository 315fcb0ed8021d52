import { describe, expect, it } from '@jest/globals';
import { providerFaults } from '../../../contract/outside/provider-faults.ts';
import type { HttpProvider, ProviderSpec } from '../../../contract/types/verification.ts';

const http: HttpProvider = {
  body: '{"name":"{{name}}","all":["{{idType}}{{idNumber}}{{requestId}}"]}',
  signature: 'none',
  codeAt: '/result/code',
  match: ['0'],
  mismatch: ['1'],
};
const city: ProviderSpec = {
  name: 'city',
  type: 'Http',
  url: 'https://id.example',
  requestsPerSecond: 10,
  timeZone: 'Asia/Shanghai',
  order: 1,
  weight: 1,
};
const of = (changes: Partial<HttpProvider>): readonly string[] =>
  providerFaults({ ...city, http: { ...http, ...changes } });

describe('a provider', () => {
  it.each<[string, ProviderSpec]>([
    ['of type Http', { ...city, http }],
    ['of type Http with a list that has a code twice', { ...city, http: { ...http, match: ['0', '0'] } }],
    ['of Tencent', { ...city, type: 'TencentIdCard', url: 'http://tencent.local:8443/x' }],
  ])('%s has no fault', (_, provider) => {
    expect(providerFaults(provider)).toEqual([]);
  });

  it.each<[string, Partial<HttpProvider>, string]>([
    ['whose body is not JSON', { body: '{"name":{{name}}}' }, 'http.body is not JSON; placeholders such as {{name}}'],
    ['whose body has an unknown placeholder', { body: '{"name":"{{Name}}"}' }, 'the unknown placeholder {{Name}}'],
    ['whose body asks for a phone', { body: '["{{phone}}"]' }, 'use {{name}}, {{idType}}, {{idNumber}}, {{requestId}}'],
    ['whose pointer has no slash', { codeAt: 'result/code' }, 'http.codeAt is not a JSON pointer'],
    ['whose pointer has a wrong escape', { codeAt: '/a~2' }, 'http.codeAt is not a JSON pointer'],
    ['with a code in two lists', { noRecord: ['0'] }, 'http has the code 0 in two lists'],
    ['with a code in the last two', { noRecord: ['9'], quotaExceeded: ['9'] }, 'http has the code 9 in two lists'],
  ])('%s has one', (_, changes, fault) => {
    expect(of(changes)).toEqual([expect.stringContaining(fault)]);
  });

  it('names all of them', () => {
    expect(of({ body: '{', codeAt: 'code' })).toHaveLength(2);
    expect(providerFaults({ ...city, url: 'https://' })).toEqual([
      expect.stringContaining('http is not set'),
      expect.stringContaining('url is not a valid address'),
    ]);
  });
});

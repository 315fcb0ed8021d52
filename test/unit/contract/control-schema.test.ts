import { describe, expect, it } from '@jest/globals';
import type { Frozen, Listed } from '../../../contract/decisions/control.ts';
import { readControlValue } from '../../../contract/decisions/control-schema.ts';

const frozen: Frozen = {
  v: 1,
  campaignId: 'spring',
  at: '2020-09-30T22:00:15.000Z',
  barriers: [11, 12, 13],
  unverified: 'exclude',
};
const listed: Listed = { v: 1, campaignId: 'spring', lists: [{ voucher: 'dining', entries: 2, digest: 'ab' }] };

describe('an entry of the control stream', () => {
  it('is read as it was written', () => {
    expect(readControlValue('frozen', JSON.parse(JSON.stringify(frozen)))).toEqual(frozen);
    expect(readControlValue('listed', JSON.parse(JSON.stringify(listed)))).toEqual(listed);
  });

  it('may have members of a later release', () => {
    expect(readControlValue('frozen', { ...frozen, later: 1 })).toEqual(frozen);
  });

  it.each<[string, unknown, RegExp]>([
    ['that is not JSON', undefined, /entry frozen .* entry: invalid_type/],
    ['of another version', { ...frozen, v: 2 }, /v: invalid_value/],
    ['with a time without its zone', { ...frozen, at: '2020-09-30T22:00:15.000' }, /at: invalid_format/],
    ['without barriers', { ...frozen, barriers: [] }, /barriers: too_small/],
    ['with a barrier before the first message', { ...frozen, barriers: [1, 0] }, /barriers.1: too_small/],
    ['with a fraction of a barrier', { ...frozen, barriers: [1.5] }, /barriers.0: invalid_type/],
    ['with an unknown rule', { ...frozen, unverified: 'perhaps' }, /unverified: invalid_value/],
  ])('%s is refused', (_, value, message) => {
    expect(() => readControlValue('frozen', value)).toThrow(message);
  });
});

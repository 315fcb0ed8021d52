import { describe, expect, it } from '@jest/globals';
import { issuedText } from '../../../cli/issuance/issuance-words.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { anIssuingCampaign } from '../../helpers/issuance-campaign.ts';

const said = (status: NonNullable<VoucherCampaign['status']>): string | undefined =>
  issuedText(anIssuingCampaign({}, { status }));
const WAITS = {
  type: 'Issued',
  status: 'False',
  reason: 'WaitingForAuthorization',
  message: 'An owner must start issuance.',
  lastTransitionTime: '2020-09-25T12:00:00.000Z',
} as const;

describe('the line of issuance in kubectl voucher status', () => {
  it.each<[string, NonNullable<VoucherCampaign['status']>, string | undefined]>([
    ['the campaign issues nothing', {}, undefined],
    ['the result is not announced', { issuance: {}, conditions: [WAITS] }, undefined],
    [
      'an owner must start it',
      { issuance: {}, conditions: [WAITS], draw: { phase: 'Drawn', announced: true } },
      'An owner must start issuance.',
    ],
    [
      'nothing is counted yet',
      { issuance: { startedAt: 'x', channels: [{ channel: 'wechat', state: 'Asked' }] } },
      'not counted yet; wechat -',
    ],
    [
      'vouchers are issued, and a channel is stopped',
      {
        issuance: {
          startedAt: 'x',
          winners: 1_000,
          issued: 857,
          channels: [
            { channel: 'wechat', state: 'Asked', issued: 800 },
            { channel: 'alipay', state: 'Stopped', issued: 57 },
          ],
        },
      },
      '857 of 1,000 vouchers; wechat 800, alipay 57 Stopped',
    ],
  ])('%s', (_, status, text) => {
    expect(said(status)).toBe(text);
  });
});

/** `kubectl voucher issue` and `channel` against the answers of an API server. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { channelStopAnnotation, ISSUE_START } from '../../../contract/names.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { ChannelStatus } from '../../../contract/types/issuance.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { type CampaignApi, startCampaignApi } from '../../helpers/campaign-api.ts';
import { anIssuingCampaign } from '../../helpers/issuance-campaign.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';

const RESULT = 'ab'.repeat(32);
const STARTED_AT = '2020-09-25T12:00:00.000Z';
const condition = (reason: string, message = 'what it waits for') => ({
  type: 'Issued',
  status: 'False' as const,
  reason,
  message,
  lastTransitionTime: STARTED_AT,
});
const started = (channels: readonly ChannelStatus[] = []): NonNullable<VoucherCampaign['status']> => ({
  issuance: { startedAt: STARTED_AT, startedBy: 'li.wei', winners: 1_000, issued: 857, channels },
  conditions: [condition('Issuing', '857 of 1,000 vouchers are issued.')],
});

let api: CampaignApi;
const serve = async (campaign: VoucherCampaign): Promise<void> => {
  await api?.close();
  api = await startCampaignApi(campaign);
};
beforeEach(async () => {
  api = await startCampaignApi(
    anIssuingCampaign(
      {},
      { status: { conditions: [condition('WaitingForAuthorization')], draw: { phase: 'Drawn', result: RESULT } } },
    ),
  );
});
afterEach(() => api.close());
const voucher = (...args: string[]) => runVoucher(args, api.kubeconfig);

describe('kubectl voucher issue start', () => {
  it('authorises issuance in the own name, and says what it fixes and costs at most', async () => {
    api.operator = (annotations) => (annotations[ISSUE_START] === undefined ? {} : started());
    const { code, out } = await voucher('issue', 'start', 'chengdu');
    expect(code).toBe(0);
    expect(api.campaign.metadata.annotations?.[ISSUE_START]).toBe('by li.wei (result abababababababab)');
    expect(out).toContain('issuance has started');
    expect(out).toContain('dining-50: 1,000 vouchers of CNY 50.00, CNY 50,000 in all');
    expect(out).toContain('wechat: merchant 1900000109, dining-50 is stock-wechat');
  });

  it('says it once', async () => {
    await serve(anIssuingCampaign({}, { status: started() }));
    const { out } = await voucher('issue', 'start', 'chengdu');
    expect(out).toContain(`li.wei started issuance at ${STARTED_AT}`);
    expect(api.campaign.metadata.annotations).toEqual({});
  });

  it.each(['NotDrawn', 'SettingsDiffer'])('is refused before it can start: %s', async (reason) => {
    await serve(anIssuingCampaign({}, { status: { conditions: [condition(reason)] } }));
    const { code, err } = await voucher('issue', 'start', 'chengdu');
    expect([code, err]).toEqual([2, expect.stringContaining("can't start: what it waits for")]);
    expect(api.campaign.metadata.annotations).toEqual({});
  });

  it('is refused for a campaign that issues nothing', async () => {
    await serve(aCampaign());
    const { code, err } = await voucher('issue', 'start', 'chengdu');
    expect([code, err]).toEqual([2, expect.stringContaining('state spec.issuance first')]);
  });

  it('quotes the policy that refuses it', async () => {
    api.refusal = "ValidatingAdmissionPolicy 'x' denied request: it requires the verb authorize on vouchercampaigns";
    const { code, err } = await voucher('issue', 'start', 'chengdu');
    expect([code, err]).toEqual([1, expect.stringContaining('requires the verb authorize')]);
  });
});

describe('kubectl voucher issue show', () => {
  it('shows each channel, also before the start', async () => {
    const { out } = await voucher('issue', 'show', 'chengdu');
    expect(out).toContain('issuance has not started');
    expect(out).toMatch(/wechat +- +- +- +- +not started/);
    expect(out).toContain('Issued False (WaitingForAuthorization)');
  });

  it('shows how far each channel is', async () => {
    const channels = [
      { channel: 'wechat', state: 'Asked', issued: 800, waiting: 40, failed: 2, doneAt: '2020-09-25T13:00:00Z' },
      { channel: 'alipay', state: 'Stopped', issued: 57, since: STARTED_AT, stoppedBy: 'li.wei', reason: 'wrong' },
    ];
    await serve(anIssuingCampaign({}, { status: started(channels) }));
    const { out } = await voucher('issue', 'show', 'chengdu');
    expect(out).toContain('857 of 1,000 vouchers are issued');
    expect(out).toMatch(/wechat +800 +40 +2 .*21:00:00 +Asked/);
    expect(out).toMatch(/alipay +57 .*Stopped since .* by li\.wei: wrong/);
    const json = await voucher('issue', 'show', 'chengdu', '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ winners: 1_000, channels: [{ channel: 'wechat' }, {}] });
  });
});

describe('kubectl voucher channel', () => {
  const playOperator = (): void => {
    api.operator = (annotations) => {
      const isStopped = annotations[channelStopAnnotation('wechat')] !== undefined;
      return started([{ channel: 'wechat', state: isStopped ? 'Stopped' : 'Asked' }]);
    };
  };

  it('stops a channel in the own name with a reason, and resumes it', async () => {
    playOperator();
    const stopped = await voucher('channel', 'stop', 'chengdu', 'wechat', '--reason', 'wrong scope');
    expect([stopped.code, stopped.out]).toEqual([0, expect.stringContaining('wechat is stopped')]);
    expect(api.campaign.metadata.annotations?.[channelStopAnnotation('wechat')]).toBe('by li.wei: wrong scope');
    expect(stopped.out).toContain('kubectl voucher channel resume chengdu wechat -n vouchers');
    const listed = await voucher('channel', 'list', 'chengdu');
    expect(listed.out).toMatch(/wechat .*Stopped/);
    const resumed = await voucher('channel', 'resume', 'chengdu', 'wechat');
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringContaining('no longer stopped')]);
    expect(api.campaign.metadata.annotations).toEqual({});
    const again = await voucher('channel', 'resume', 'chengdu', 'wechat');
    expect(again.out).toContain('no person has stopped wechat');
  });

  it.each([
    [['stop', 'chengdu', 'wechat', '--reason', ' '], '--reason is empty'],
    [['stop', 'chengdu', 'unionpay', '--reason', 'x'], 'has no channel unionpay'],
    [['stop', 'chengdu', '--reason', 'x'], 'has several channels'],
  ])('refuses %p', async (args, message) => {
    const { code, err } = await voucher('channel', ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(api.campaign.metadata.annotations).toEqual({});
  });
});

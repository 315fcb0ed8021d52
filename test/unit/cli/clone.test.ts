import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { cloneText, type Measured, shiftOf } from '../../../cli/campaign/clone-words.ts';
import { parseCampaign } from '../../../cli/campaign-file.ts';
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { anIssuingCampaign, ISSUANCE } from '../../helpers/issuance-campaign.ts';

const DAY_MS = 86_400_000;
const measured: Measured = {
  tiers: { intake: { capacityPerReplica: 812.6, startSeconds: 4.21 }, records: {} },
  peakPerSecond: 13_950.2,
};
const specOf = (text: string): VoucherCampaignSpec => (parse(text) as { readonly spec: VoucherCampaignSpec }).spec;
const lineOf = (text: string, part: string): string => text.split('\n').find((line) => line.includes(part)) ?? '';

describe('a campaign that is made from an earlier one', () => {
  const windows = [{ from: '2020-09-25T08:00:00+08:00', until: '2020-09-25T20:00:00+08:00', ceilings: { intake: 60 } }];
  const earlier = aCampaign({ scaling: { authorized: { ...aCampaign().spec.scaling.authorized, windows } } });
  const text = cloneText(earlier, { as: 'autumn-2027', shiftMs: 365 * DAY_MS, measured });

  it('has its own name and identity, and all dates moved in their own time zone', () => {
    const spec = specOf(text);
    expect(parse(text)).toMatchObject({ metadata: { name: 'autumn-2027', namespace: 'vouchers' } });
    expect(spec.campaignId).toBe('autumn-2027');
    const moved = (instant: string): number => Date.parse(instant) + 365 * DAY_MS;
    expect(Date.parse(spec.window.opensAt)).toBe(moved(earlier.spec.window.opensAt));
    expect(Date.parse(spec.window.closesAt)).toBe(moved(earlier.spec.window.closesAt));
    expect(spec.window.opensAt.slice(-6)).toBe(earlier.spec.window.opensAt.slice(-6));
    expect(spec.scaling.authorized.windows).toEqual([
      { from: '2021-09-25T08:00:00+08:00', until: '2021-09-25T20:00:00+08:00', ceilings: { intake: 60 } },
    ]);
  });

  it('has what was measured as first estimates', () => {
    const { scaling } = specOf(text);
    expect(scaling.peakArrivalsPerSecond).toBe(13_951);
    expect(scaling.tiers.intake.capacityPerReplica).toBe(812);
    expect(scaling.tiers.records.capacityPerReplica).toBe(earlier.spec.scaling.tiers.records.capacityPerReplica);
    expect(lineOf(text, 'capacityPerReplica: 812')).toContain('# measured in chengdu: 812.6/s;');
    expect(lineOf(text, 'leadTime:')).toContain('# an intake pod was Ready after 4.21 s in chengdu');
  });

  it('marks quotas and ceilings to confirm, and needs keys of its own', () => {
    expect(text.match(/quota: \d+ # confirm: the quota of chengdu/g)).toHaveLength(earlier.spec.vouchers.length);
    expect(lineOf(text, 'intake: 60')).toContain('# confirm: an owner authorised it for chengdu');
    expect(specOf(text).privacy.keySecretName).toBe('autumn-2027-privacy');
  });

  it('marks stocks to replace, and moves the deadline for accounts', () => {
    const campaign = anIssuingCampaign(
      {},
      { spec: { issuance: { ...ISSUANCE, bindBy: '2020-11-01T00:00:00+08:00' } } },
    );
    const issuing = cloneText(campaign, { as: 'autumn', shiftMs: 30 * DAY_MS, measured: { tiers: {} } });
    expect(issuing.match(/stock: \S+ # replace: a stock of its own, not that of chengdu/g)).toHaveLength(2);
    expect(specOf(issuing).issuance?.bindBy).toBe('2020-12-01T00:00:00+08:00');
    expect(issuing).toContain('# confirm: no peak of chengdu is known any more');
  });

  it('is a campaign that the API server would take', async () => {
    await expect(parseCampaign(text, 'autumn-2027')).resolves.toMatchObject({ campaignId: 'autumn-2027' });
  });
});

it.each([
  ['365d', 365 * DAY_MS],
  ['7d12h', 7 * DAY_MS + 12 * 3_600_000],
  ['-30m', -1_800_000],
  ['1h30m', 5_400_000],
])('--shift %s is %i ms', (text, ms) => {
  expect(shiftOf(text)).toBe(ms);
});
it.each(['', '-', 'tomorrow', '3w', '1.5d'])('--shift "%s" is no duration', (text) => {
  expect(() => shiftOf(text)).toThrow(/is no duration: write numbers with d, h, m or s/);
});

/** The compiler is the judge here: `tsc` fails when an expected error is gone, jest only sees that the file loads. */
import { describe, expect, it } from '@jest/globals';
import type { LocalizedText } from '../../../contract/app-contract.ts';
import type { Voucher, VoucherCampaignSpec, VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import type { Ceilings, Condition } from '../../../contract/types/common.ts';
import type { ScalePlanSpec } from '../../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../../contract/types/scaling.ts';
import type { TierStatus } from '../../../contract/types/status.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(verdict: Equal<A, B>): boolean => verdict;

describe('the generated types', () => {
  it('join the app contract where both speak of the same thing', () => {
    expect(same<VoucherCampaignSpec['title'], LocalizedText>(true)).toBe(true);
  });

  it('make an enum a union', () => {
    expect(same<ScalingSpec['mode'], 'Auto' | 'Shadow' | 'Off'>(true)).toBe(true);
    expect(same<ScalePlanSpec['reason'], 'Load' | 'Forecast'>(true)).toBe(true);
    expect(same<Condition['status'], 'True' | 'False' | 'Unknown'>(true)).toBe(true);
  });

  it('require what has a default and leave the rest optional', () => {
    expect(same<VoucherCampaignSpec['scaling']['drainWithin'], string>(true)).toBe(true);
    expect(same<ScalingSpec['peakArrivalsPerSecond'], number | undefined>(true)).toBe(true);
    expect(same<Ceilings['intake'], number | undefined>(true)).toBe(true);
    expect(same<Voucher['minimumSpendFen'], number>(true)).toBe(true);
    expect(same<TierStatus['backlog'], number | undefined>(true)).toBe(true);
  });

  it('are read-only all the way down', () => {
    const campaign = aCampaign();
    const neverRun = (status: VoucherCampaignStatus): void => {
      // @ts-expect-error a spec is what somebody else wrote
      campaign.spec.campaignId = 'other';
      // @ts-expect-error lists too
      campaign.spec.vouchers.push(campaign.spec.vouchers[0]);
      // @ts-expect-error and what is inside sections
      campaign.spec.scaling.authorized.ceilings.intake = 500;
      // @ts-expect-error a status is built anew, never edited
      status.openedAt = 'now';
    };
    expect(neverRun).toBeInstanceOf(Function);
  });

  it('refuse what the schema does not have', () => {
    const ceilings: Ceilings = { intake: 60 };
    // @ts-expect-error there is no such tier in a campaign yet
    const wrong: Ceilings = { archive: 1 };
    expect([ceilings, wrong]).toHaveLength(2);
  });
});

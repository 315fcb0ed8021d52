/** The outside systems of a tier, from its section of the spec. Pure. */

import { entryOf, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';

type Spec = Pick<VoucherCampaignSpec, 'verification' | 'issuance'>;

export interface OutsideTarget {
  readonly name: string;
  /** What the contract with it permits, over all pods. */
  readonly requestsPerSecond: number;
  /** Absent: no limit. */
  readonly requestsPerDay?: number;
  /** Of the day of requestsPerDay. */
  readonly timeZone: string;
  /** Those of the lowest order that can be asked are asked. */
  readonly order: number;
}

type OutsideCap = NonNullable<ReturnType<typeof entryOf>['outsideCap']>;

const TARGETS: Readonly<Record<OutsideCap, (spec: Spec) => readonly OutsideTarget[]>> = {
  provider: ({ verification }) => verification?.providers ?? [],
  // None stands in for another: a voucher goes to the channel that its citizen chose.
  channel: ({ issuance }) => (issuance?.channels ?? []).map((channel) => ({ ...channel, order: 1 })),
};

export const targetsOf = (spec: Spec, tier: Tier): readonly OutsideTarget[] => {
  const { outsideCap } = entryOf(tier);
  return outsideCap === undefined ? [] : TARGETS[outsideCap](spec);
};

/** Tiers of a campaign that ask an outside system. */
export const outsideTiersOf = (spec: Spec): readonly Tier[] =>
  tiersOf(spec).filter((tier) => entryOf(tier).outsideCap !== undefined);

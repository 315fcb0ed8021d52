/** What a tick wants of the list, and what a frozen list means for a tick. Pure. */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { instantMs } from '../../contract/instant.ts';
import { sectionOf, tiersOf } from '../../contract/tiers.ts';
import { operatorClock } from '../conditions/clocks-agree.ts';
import type { ContingencyOutcome } from '../contingency/contingency.ts';
import type { Observed } from '../tick/observed.ts';
import type { FreezeState } from './freeze-keeper.ts';
import type { FreezeRequest } from './freeze-steps.ts';

/** @param campaign with its effective closing */
export const freezeRequest = (
  campaign: VoucherCampaign,
  { cluster, readings }: Pick<Observed, 'cluster' | 'readings'>,
  { inForce }: Pick<ContingencyOutcome, 'inForce'>,
): FreezeRequest => {
  const { spec } = campaign;
  const { verifyBy, unverified } = spec.draw;
  const isChecked = sectionOf(spec, 'verification') !== undefined;
  return {
    campaignId: spec.campaignId,
    closesAtMs: instantMs(spec.window.closesAt),
    ...(verifyBy === undefined ? {} : { verifyByMs: instantMs(verifyBy) }),
    unverified: isChecked ? unverified : 'unchecked',
    tiers: tiersOf(spec),
    deferredBy: inForce.flatMap(({ level: { name, effect } }) => (effect.deferFreeze === true ? [name] : [])),
    // Not by the condition's reason, of which there is one: a pod's clock that is off would hide the operator's.
    ownClock: (cluster.tiers.intake?.pods ?? []).length === 0 ? 'agrees' : operatorClock(readings.clocks),
  };
};

/** When the list was frozen, as far as is known. */
const frozenAtOf = ({ freeze, previous }: Pick<Observed, 'freeze' | 'previous'>): string | undefined =>
  freeze?.kind === 'done' ? freeze.frozen.at : previous?.draw?.frozenAt;

/** A campaign whose list is frozen accepts nothing more, whatever its spec says by now. */
export const notReopened = (
  campaign: VoucherCampaign,
  observed: Pick<Observed, 'freeze' | 'previous'>,
): VoucherCampaign => {
  const closesAt = frozenAtOf(observed);
  if (closesAt === undefined || instantMs(campaign.spec.window.closesAt) <= instantMs(closesAt)) return campaign;
  return { ...campaign, spec: { ...campaign.spec, window: { ...campaign.spec.window, closesAt } } };
};

/** When the next step is due by date alone. */
export const freezeDueMs = (freeze: FreezeState | undefined): readonly number[] =>
  freeze?.kind === 'waiting' && 'untilMs' in freeze.waiting ? [freeze.waiting.untilMs] : [];

/** Whether the next step is due, or may be at any moment. */
export const isFreezing = (freeze: FreezeState | undefined, nowMs: number): boolean => {
  if (freeze?.kind === 'publishing') return true;
  if (freeze?.kind !== 'waiting') return false;
  const { waiting } = freeze;
  return 'behind' in waiting || ('untilMs' in waiting && waiting.untilMs <= nowMs);
};

/** What a tick wants of the list, and what a frozen list means for a tick. Pure. */

import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { sectionOf, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { operatorClock } from '../conditions/clocks-agree.ts';
import type { ContingencyOutcome } from '../contingency/contingency.ts';
import { excludedAtFreeze, exclusionsOf } from '../exclusion/exclusions.ts';
import type { Observed } from '../tick/observed.ts';
import type { FreezeState } from './freeze-keeper.ts';
import { EXTENDED_WITHIN_MS, type FreezeRequest, statedEndMs } from './freeze-steps.ts';

/** @param campaign with its effective closing */
export const freezeRequest = (
  campaign: VoucherCampaign,
  observed: Pick<Observed, 'cluster' | 'readings' | 'previous' | 'comparison' | 'earlier' | 'excludedLists'>,
  { inForce }: Pick<ContingencyOutcome, 'inForce'>,
  nowMs: number,
): FreezeRequest => {
  const { spec } = campaign;
  const { cluster, readings, previous, comparison } = observed;
  const { verifyBy, unverified } = spec.draw;
  const isChecked = sectionOf(spec, 'verification') !== undefined;
  return {
    campaignId: spec.campaignId,
    closesAtMs: instantMs(spec.window.closesAt),
    ...(verifyBy === undefined ? {} : { verifyByMs: instantMs(verifyBy) }),
    ...(previous?.closesAt === undefined ? {} : { announcedMs: instantMs(previous.closesAt) }),
    unverified: isChecked ? unverified : 'unchecked',
    tiers: tiersOf(spec),
    deferredBy: inForce.flatMap(({ level: { name, effect } }) => (effect.deferFreeze === true ? [name] : [])),
    // Not by the condition's reason, of which there is one: a pod's clock that is off would hide the operator's.
    ownClock: (cluster.tiers.intake?.pods ?? []).length === 0 ? 'agrees' : operatorClock(readings.clocks),
    comparison,
    ...excludedAtFreeze(exclusionsOf(campaign, observed, nowMs)),
  };
};

/** When the list was frozen, as far as is known. */
export const frozenAtOf = ({ freeze, previous }: Pick<Observed, 'freeze' | 'previous'>): string | undefined =>
  freeze?.kind === 'done' ? freeze.frozen.at : previous?.draw?.frozenAt;

/**
 * The latest end that counts, even if the spec states another one now: of a frozen list, or as it was published to pods, once 10 s have
 * passed since then. A closing that a contingency level extended, and that is in the status, counts as well: every leader knows it, even
 * if the journal does not answer at the stated end. Undefined: the spec's.
 */
const lastEnd = ({ freeze, previous, published }: Seen, nowMs: number): string | undefined => {
  const frozenAt = frozenAtOf({ freeze, previous });
  if (frozenAt !== undefined || published === undefined) return frozenAt;
  const endMs = Math.max(statedEndMs(published), previous?.closesAt === undefined ? 0 : instantMs(previous.closesAt));
  return nowMs >= endMs + EXTENDED_WITHIN_MS ? new Date(endMs).toISOString() : undefined;
};

type Seen = Pick<Observed, 'freeze' | 'previous' | 'published'>;

/** A campaign whose list is frozen, or may be, accepts nothing more: no registration, and no withdrawal or correction. */
export const notReopened = (campaign: VoucherCampaign, observed: Seen, nowMs: number): VoucherCampaign => {
  const end = lastEnd(observed, nowMs);
  if (end === undefined) return campaign;
  const { window, draw } = campaign.spec;
  const capped = (instant: string): string => (instantMs(instant) <= instantMs(end) ? instant : end);
  const closesAt = capped(window.closesAt);
  const verifyBy = draw.verifyBy === undefined ? undefined : capped(draw.verifyBy);
  if (closesAt === window.closesAt && verifyBy === draw.verifyBy) return campaign;
  const spec = { ...campaign.spec, window: { ...window, closesAt }, draw: { ...draw, ...defined({ verifyBy }) } };
  return { ...campaign, spec };
};

/** Its own end, where that was stated too late to count. @param campaign with the end that counts */
export const endTooLate = ({ spec: stated }: VoucherCampaign, { spec }: VoucherCampaign): string | undefined => {
  const [closesAt, verifyBy] = [stated.window.closesAt, stated.draw.verifyBy];
  if (verifyBy !== spec.draw.verifyBy) return verifyBy;
  return closesAt === spec.window.closesAt ? undefined : closesAt;
};

/** When the next step is due by date alone. */
export const freezeDueMs = (freeze: FreezeState | undefined): readonly number[] =>
  freeze?.kind === 'waiting' && 'untilMs' in freeze.waiting ? [freeze.waiting.untilMs] : [];

/** Whether the next step is due, or may be at any moment. */
export const isFreezing = (freeze: FreezeState | undefined, nowMs: number): boolean => {
  if (freeze?.kind === 'publishing') return true;
  if (freeze?.kind !== 'waiting') return false;
  const { waiting } = freeze;
  if (waiting.why === 'WaitingForEarlierWinners') return true;
  return 'behind' in waiting || 'uncompared' in waiting || ('untilMs' in waiting && waiting.untilMs <= nowMs);
};

/** The shares of every tier that asks an outside system, as this tick wants them. Pure. */
import { entryOf, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Effects } from '../contingency/contingency.ts';
import { frozenAtOf } from '../freeze/freeze-request.ts';
import { haltsOf } from '../issuance/halts.ts';
import type { HandOuts, Observed } from '../tick/observed.ts';
import { auditorsOf } from './auditors.ts';
import { handOut } from './hand-out.ts';
import { outsideTiersOf, targetsOf } from './targets.ts';

type Seen = Pick<Observed, 'cluster' | 'outside' | 'freeze' | 'draw' | 'issuance' | 'previous'>;

/**
 * | tier asks  | no pod asks any more                                                                  |
 * |------------|---------------------------------------------------------------------------------------|
 * | providers  | after the freeze: nothing that is asked then counts, and each question is paid for    |
 * | channels   | while a contingency level pauses issuance                                             |
 */
const isOver = (tier: Tier, observed: Seen, { isIssuancePaused }: Effects): boolean =>
  entryOf(tier).outsideCap === 'provider' ? frozenAtOf(observed) !== undefined : isIssuancePaused === true;

export const handOutsOf = (campaign: VoucherCampaign, observed: Seen, effects: Effects, wallMs: number): HandOuts => {
  const { cluster, outside } = observed;
  const { spec } = campaign;
  return Object.fromEntries(
    outsideTiersOf(spec).flatMap((tier) => {
      const { inForce, memory } = outside?.known(tier) ?? {};
      if (outside === undefined || inForce === undefined) return [];
      const { reports, nowMs } = outside;
      const auditors = auditorsOf(cluster, tier).map(({ name }) => name);
      const pods = [...(cluster.tiers[tier]?.pods ?? []), ...auditors.map((name) => ({ name, ready: true }))];
      const input = { targets: targetsOf(spec, tier), pods, auditors, inForce, memory, reports: reports[tier] ?? [] };
      const halts =
        entryOf(tier).outsideCap === 'channel'
          ? Object.fromEntries([...haltsOf(campaign, observed, wallMs)].map(([name, { reason }]) => [name, reason]))
          : {};
      const isLookedAt = entryOf(tier).outsideCap === 'channel';
      const ended = { isOver: isOver(tier, observed, effects), halts, isLookedAt };
      return [[tier, handOut({ ...input, ...ended, nowMs, wallMs })] as const];
    }),
  );
};

/** The shares of every tier that asks an outside system, as this tick wants them. Pure. */
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { frozenAtOf } from '../freeze/freeze-request.ts';
import type { HandOuts, Observed } from '../tick/observed.ts';
import { handOut } from './hand-out.ts';
import { outsideTiersOf, targetsOf } from './targets.ts';

export const handOutsOf = (
  spec: Pick<VoucherCampaignSpec, 'verification'>,
  observed: Pick<Observed, 'cluster' | 'outside' | 'freeze' | 'previous'>,
  wallMs: number,
): HandOuts => {
  const { cluster, outside } = observed;
  // Nothing that is asked after the freeze counts, and each question is paid for.
  const isOver = frozenAtOf(observed) !== undefined;
  return Object.fromEntries(
    outsideTiersOf(spec).flatMap((tier) => {
      const { inForce, memory } = outside?.known(tier) ?? {};
      if (outside === undefined || inForce === undefined) return [];
      const { reports, nowMs } = outside;
      const pods = cluster.tiers[tier]?.pods ?? [];
      const input = { targets: targetsOf(spec, tier), pods, inForce, memory, reports: reports[tier] ?? [] };
      return [[tier, handOut({ ...input, isOver, nowMs, wallMs })] as const];
    }),
  );
};

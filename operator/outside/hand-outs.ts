/** The shares of every tier that asks an outside system, as this tick wants them. Pure. */
import type { VoucherCampaignSpec } from '../../contract/campaign-types.ts';
import type { HandOuts, Observed } from '../tick/observed.ts';
import { handOut } from './hand-out.ts';
import { outsideTiersOf, targetsOf } from './targets.ts';

export const handOutsOf = (
  spec: Pick<VoucherCampaignSpec, 'verification'>,
  { cluster, outside }: Pick<Observed, 'cluster' | 'outside'>,
  wallMs: number,
): HandOuts =>
  Object.fromEntries(
    outsideTiersOf(spec).flatMap((tier) => {
      const { inForce, memory } = outside?.known(tier) ?? {};
      if (outside === undefined || inForce === undefined) return [];
      const { reports, nowMs } = outside;
      const pods = cluster.tiers[tier]?.pods ?? [];
      const input = { targets: targetsOf(spec, tier), pods, inForce, memory, reports: reports[tier] ?? [] };
      return [[tier, handOut({ ...input, nowMs, wallMs })] as const];
    }),
  );

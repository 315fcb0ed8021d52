/** The answer of `kubectl voucher status` for programs; instants in UTC, null for unknown values. Pure. */
import { tiersOf } from '../../contract/tiers.ts';
import { closesAtOf } from '../closing.ts';
import { approvalCommand } from '../plans/plans.ts';
import { type Report, standingOf, tierLines } from './status-report.ts';

const instant = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

export const statusJson = (report: Report): unknown => {
  const { campaign, options, decisions, nowMs } = report;
  const { metadata, spec, status, statusAtMs } = campaign;
  const { health, plans, grants, faults, held } = standingOf(report);
  return {
    campaign: metadata.name,
    namespace: metadata.namespace,
    title: spec.title,
    health,
    at: instant(nowMs),
    toldAt: instant(statusAtMs),
    stage: status?.stage ?? null,
    opensAt: spec.window.opensAt,
    closesAt: closesAtOf(campaign),
    openedAt: status?.openedAt ?? null,
    arrivalsPerSecond: status?.arrivalsPerSecond ?? null,
    admissionPerSecond: spec.traffic.admissionPerSecond ?? null,
    waiting: status?.waiting ?? null,
    backlog: status?.backlog ?? null,
    oldestSeconds: status?.oldestSeconds ?? null,
    received: status?.counts?.received ?? null,
    headroom: status?.headroom ?? null,
    contingency: status?.contingency ?? [],
    tiers: Object.fromEntries(
      tierLines(report).map(({ tier, status: seen, bounds, sinceMs, reason }) => [
        tier,
        { ...seen, ...bounds, since: instant(sinceMs), isHeld: held.includes(tier), reason },
      ]),
    ),
    faults: faults.map(({ condition, remedy }) => ({ ...condition, remedy: remedy ?? null })),
    plansWaiting: plans.map((plan) => ({
      name: plan.metadata.name,
      reason: plan.spec.reason,
      ceilings: plan.spec.ceilings,
      expiresAt: plan.spec.expiresAt,
      authorise: approvalCommand(plan, options),
    })),
    grants: grants.map(({ metadata: { name }, spec: { ceilings, decision, expiresAt } }) => ({
      name,
      ceilings,
      until: decision?.ceilingUntil ?? expiresAt,
      by: decision?.decidedBy ?? null,
    })),
    recent: (decisions?.recent ?? []).map((sample) => ({
      at: sample.at,
      arrivalsPerSecond: sample.arrivalsPerSecond ?? null,
      backlog: sample.backlog ?? null,
      ...Object.fromEntries(tiersOf(spec).map((tier) => [tier, sample[tier]])),
    })),
  };
};

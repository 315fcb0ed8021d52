/**
 * Which entries a campaign's trail lacks, from the present state and the trail itself. Pure and level-based: what could not
 * be appended, in an outage or by a leader that ended, is missing again the next time, with the same id. Two changes between
 * two ticks leave one entry.
 */

import { defined } from '../../contract/defined.ts';
import { instantMs, instantMsOrNaN } from '../../contract/instant.ts';
import { TIERS, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../contract/types/scaling.ts';
import type { TierOutcomes } from '../tick/observed.ts';
import type { ScaleWrite } from '../tick/tick-plan.ts';
import type { AuditEntry, Authorized, Hours } from './entry.ts';
import { issuanceEntries, reconcileEntries } from './issuance-entries.ts';
import { levelEntries, overrideEntries } from './measures.ts';
import {
  type AuditHead,
  deletedPlanEntries,
  type GrantUse,
  grantFor,
  instant,
  planEntries,
  planUid,
  useEntry,
} from './plan-entries.ts';
import { privacyEntries } from './privacy-entries.ts';
import type { Trail, TrailedCampaign } from './trail-state.ts';

export interface AuditView {
  readonly campaign: VoucherCampaign;
  readonly site: string;
  readonly status: Pick<
    VoucherCampaignStatus,
    'openedAt' | 'closesAt' | 'contingency' | 'issuance' | 'privacy' | 'erasures'
  >;
  readonly plans: readonly ScalePlan[];
  readonly uses: readonly GrantUse[];
  /** Uids of plans that are in the trail and for some time no longer in the cluster. */
  readonly gonePlans: ReadonlySet<string>;
  readonly nowMs: number;
}

interface RemainsView {
  readonly campaignId: string;
  /** Uids of campaigns that are certainly gone, and whose trails are ours. */
  readonly gone: ReadonlySet<string>;
  readonly plans: readonly ScalePlan[];
  readonly gonePlans: ReadonlySet<string>;
  readonly nowMs: number;
}

/** A leader that has lost its lease still acts for no longer than this. */
const OUTDATED_MS = 60_000;

const headOf = ({ metadata, spec }: VoucherCampaign, site: string): AuditHead => ({
  campaignId: spec.campaignId,
  namespace: metadata.namespace,
  campaign: metadata.name,
  uid: metadata.uid ?? metadata.name,
  site,
});

const missing = (trail: Trail, entries: readonly AuditEntry[]): readonly AuditEntry[] =>
  entries.filter(({ id }) => !trail.has(id)).sort((a, b) => (instantMsOrNaN(a.at) || 0) - (instantMsOrNaN(b.at) || 0));

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Of the campaign's tiers, field by field, so that the order of fields does not matter. */
const authorizedOf = (spec: VoucherCampaign['spec']): Authorized => {
  const { ceilings, windows } = spec.scaling.authorized;
  return {
    ceilings: Object.fromEntries(tiersOf(spec).map((tier) => [tier, ceilings[tier]])),
    windows: windows.map(({ from, until, ceilings: wider }) => ({ from, until, ceilings: { ...wider } })),
  };
};

/**
 * | a ceiling rose, or a window is new | one fell, or a window is gone | effect  |
 * |------------------------------------|-------------------------------|---------|
 * | yes                                | no                            | raised  |
 * | no                                 | yes                           | lowered |
 * | yes                                | yes                           | changed |
 */
const effectOf = (before: Authorized, now: Authorized): 'raised' | 'lowered' | 'changed' => {
  const exceeds = (a: Authorized, b: Authorized): boolean =>
    TIERS.some((tier) => (a.ceilings[tier] ?? 0) > (b.ceilings[tier] ?? 0)) ||
    a.windows.some((window) => !b.windows.some((other) => equal(window, other)));
  const rose = exceeds(now, before);
  if (rose && exceeds(before, now)) return 'changed';
  return rose ? 'raised' : 'lowered';
};

/** A writer with a quicker watch noted a newer version: no news here. Later, a lower one is a restored backup. */
const isOutdated = ({ newest }: Pick<TrailedCampaign, 'newest'>, version: string | undefined, nowMs: number): boolean =>
  newest !== undefined &&
  version !== undefined &&
  Number(version) < Number(newest.version) &&
  nowMs - instantMsOrNaN(newest.noted) < OUTDATED_MS;

const campaignEntries = (view: AuditView, trail: Trail): readonly AuditEntry[] => {
  const { campaign, status, nowMs } = view;
  const { openedAt } = status;
  const { metadata, spec } = campaign;
  const noted = instant(nowMs);
  const { resourceVersion: version } = metadata;
  const head = { ...headOf(campaign, view.site), noted, ...defined({ version }) };
  const { uid } = head;
  const known = trail.campaigns.get(uid);
  if (known !== undefined && isOutdated(known, version, nowMs)) return [];
  const authorized = authorizedOf(spec);
  // The extended closing is what was announced to citizens.
  const window: Hours = { opensAt: spec.window.opensAt, closesAt: status.closesAt ?? spec.window.closesAt };
  const before = { authorized: known?.authorized ?? authorized, window: known?.window ?? window };
  const createdAt = metadata.creationTimestamp ?? noted;
  const entries: AuditEntry[] = [
    { ...head, id: `${uid}/created`, at: createdAt, step: 'campaign_created', authorized, window },
  ];
  if (!equal(before.authorized, authorized)) {
    const effect = effectOf(before.authorized, authorized);
    const changed = { effect, before: before.authorized, now: authorized };
    entries.push({ ...head, id: trail.next(`${uid}/authorized`), at: noted, step: 'authorized_changed', ...changed });
  }
  if (!equal(before.window, window)) {
    const changed = { before: before.window, now: window };
    entries.push({ ...head, id: trail.next(`${uid}/window`), at: noted, step: 'window_changed', ...changed });
  }
  if (openedAt !== undefined) entries.push({ ...head, id: `${uid}/opened`, at: openedAt, step: 'campaign_opened' });
  // Extended, it closes again: each instant is one entry.
  const { closesAt } = window;
  if (nowMs >= instantMs(closesAt) && known?.closedAt !== closesAt) {
    entries.push({ ...head, id: trail.next(`${uid}/closed`), at: closesAt, step: 'campaign_closed', closesAt });
  }
  return [
    ...entries,
    ...overrideEntries(campaign, known, head, trail, nowMs),
    ...levelEntries(campaign, status.contingency ?? [], known?.levels ?? {}, head, trail),
    ...issuanceEntries(status, known?.stops ?? {}, head, trail),
    ...reconcileEntries(campaign, status, head, nowMs),
    ...privacyEntries(campaign, status, head),
  ];
};

export const missingEntries = (view: AuditView, trail: Trail): readonly AuditEntry[] => {
  const { campaign, plans, uses, gonePlans, nowMs } = view;
  const head = headOf(campaign, view.site);
  const gone = [...trail.plans.values()].filter(({ uid, campaignUid, isDeleted }) => {
    return campaignUid === head.uid && !isDeleted && gonePlans.has(uid);
  });
  return missing(trail, [
    ...campaignEntries(view, trail),
    ...plans.flatMap((plan) => planEntries(plan, head, nowMs)),
    ...uses.flatMap((use) => useEntry(use, head, trail, nowMs) ?? []),
    ...gone.flatMap((plan) => deletedPlanEntries(plan, head, nowMs)),
  ]);
};

/** What the end of campaigns and plans adds to a trail without a campaign. */
export const remainingEntries = (view: RemainsView, trail: Trail): readonly AuditEntry[] => {
  const { campaignId, gone, plans, gonePlans, nowMs } = view;
  const noted = instant(nowMs);
  const entries: AuditEntry[] = [];
  for (const { uid, namespace, name, site, overrides } of trail.campaigns.values()) {
    if (!gone.has(uid)) continue;
    const head = { campaignId, namespace, campaign: name, uid, site };
    const about = { ...head, at: noted, noted };
    for (const [override, value] of Object.entries(overrides)) {
      const id = trail.next(`${uid}/${override}-ended`);
      entries.push({ ...about, id, step: 'override_ended', override, value, how: 'campaign deleted' });
    }
    entries.push({ ...about, id: `${uid}/deleted`, step: 'campaign_deleted' });
    for (const plan of trail.plans.values()) {
      if (plan.campaignUid !== uid || plan.isDeleted) continue;
      const there = plans.find((one) => planUid(one) === plan.uid);
      if (there !== undefined) entries.push(...planEntries(there, head, nowMs));
      else if (gonePlans.has(plan.uid)) entries.push(...deletedPlanEntries(plan, head, nowMs));
    }
  }
  return missing(trail, entries);
};

/** The grants that tiers use now, or were raised by. */
export const grantUses = (
  authorized: ScalingSpec['authorized'],
  plans: readonly ScalePlan[],
  tiers: TierOutcomes,
  written: readonly ScaleWrite[],
  nowMs: number,
): readonly GrantUse[] => {
  const use = (tier: (typeof TIERS)[number], to: number, from?: number): readonly GrantUse[] => {
    const grant = grantFor(authorized, plans, tier, to, nowMs);
    if (grant === undefined) return [];
    const { plan, ceiling } = grant;
    const use = { planUid: planUid(plan), plan: plan.metadata.name, tier, ...defined({ from }), to, ceiling };
    return [{ ...use, atMs: nowMs }];
  };
  return TIERS.flatMap((tier) => {
    const raised = written.find((write) => write.tier === tier && write.replicas > write.from);
    if (raised !== undefined) return use(tier, raised.replicas, raised.from);
    // For a leader that ended between its write and its note.
    const { replicas, written: wanted, isActing } = tiers[tier];
    return isActing && wanted >= replicas ? use(tier, replicas) : [];
  });
};

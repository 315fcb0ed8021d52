/**
 * Which entries a campaign's trail lacks, from what is seen now and what the trail says. Pure and level-based: what could
 * not be appended, in an outage or by a leader that ended, is missing again the next time, with the same id.
 *
 * What changed twice between two looks leaves one entry: what is noted is what the operator could act on.
 */

import type { ScalingSpec, VoucherCampaign, VoucherCampaignStatus } from '../../contract/campaign-types.ts';
import { instantMs, instantMsOrNaN } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { perTier } from '../../contract/tiers.ts';
import { SCALED_TIERS, type TierOutcomes } from '../tick/observed.ts';
import type { ScaleWrite } from '../tick/tick-plan.ts';
import type { AuditEntry, Authorized, Hours } from './entry.ts';
import { levelEntries, overrideEntries } from './measures.ts';
import {
  type AuditHead,
  deletedPlanEntries,
  type GrantUse,
  grantFor,
  instant,
  planEntries,
  useEntry,
} from './plan-entries.ts';
import type { Trail, TrailedCampaign } from './trail-state.ts';

/** A campaign as one tick saw it. */
export interface AuditView {
  readonly campaign: VoucherCampaign;
  readonly site: string;
  /** As this tick has it. */
  readonly status: Pick<VoucherCampaignStatus, 'openedAt' | 'closesAt' | 'contingency'>;
  readonly plans: readonly ScalePlan[];
  readonly uses: readonly GrantUse[];
  /** Uids of plans that are in the trail and for some time no longer in the cluster. */
  readonly gonePlans: ReadonlySet<string>;
  readonly nowMs: number;
}

/** What becomes of a trail whose campaign's objects are gone, or some of them. */
export interface RemainsView {
  readonly campaignId: string;
  /** Uids of campaigns that are surely gone, and ours to tell of. */
  readonly gone: ReadonlySet<string>;
  /** Plans of this campaignId that are still there. */
  readonly plans: readonly ScalePlan[];
  readonly gonePlans: ReadonlySet<string>;
  readonly nowMs: number;
}

/** A leader that has lost its lease acts no longer than this. */
const OUTDATED_MS = 60_000;

export const headOf = ({ metadata, spec }: VoucherCampaign, site: string): AuditHead => ({
  campaignId: spec.campaignId,
  namespace: metadata.namespace,
  campaign: metadata.name,
  uid: metadata.uid ?? metadata.name,
  site,
});

const missing = (trail: Trail, entries: readonly AuditEntry[]): readonly AuditEntry[] =>
  entries.filter(({ id }) => !trail.has(id)).sort((a, b) => (instantMsOrNaN(a.at) || 0) - (instantMsOrNaN(b.at) || 0));

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Field by field, so that two spellings of the same are equal. */
const authorizedOf = ({ ceilings, windows }: ScalingSpec['authorized']): Authorized => ({
  ceilings: perTier((tier) => ceilings[tier]),
  windows: windows.map(({ from, until, ceilings: wider }) => ({ from, until, ceilings: { ...wider } })),
});

/**
 * | a ceiling rose, or a window is new | one fell, or a window is gone | effect  |
 * |------------------------------------|-------------------------------|---------|
 * | yes                                | no                            | raised  |
 * | no                                 | yes                           | lowered |
 * | yes                                | yes                           | changed |
 */
const effectOf = (before: Authorized, now: Authorized): 'raised' | 'lowered' | 'changed' => {
  const exceeds = (a: Authorized, b: Authorized): boolean =>
    SCALED_TIERS.some((tier) => (a.ceilings[tier] ?? 0) > (b.ceilings[tier] ?? 0)) ||
    a.windows.some((window) => !b.windows.some((other) => equal(window, other)));
  const rose = exceeds(now, before);
  if (rose && exceeds(before, now)) return 'changed';
  return rose ? 'raised' : 'lowered';
};

/**
 * Whether a newer version of the campaign was noted a moment ago, by somebody whose watch is quicker: what this one shows
 * is no news then. Afterwards a lower version is a restored backup, and its differences are news.
 */
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
  const head = { ...headOf(campaign, view.site), noted, ...(version === undefined ? {} : { version }) };
  const { uid } = head;
  const known = trail.campaigns.get(uid);
  if (known !== undefined && isOutdated(known, version, nowMs)) return [];
  const authorized = authorizedOf(spec.scaling.authorized);
  // What a contingency level has extended is what citizens were told.
  const window: Hours = { opensAt: spec.window.opensAt, closesAt: status.closesAt ?? spec.window.closesAt };
  const before = { authorized: known?.authorized ?? authorized, window: known?.window ?? window };
  const hasClosed = nowMs >= instantMs(window.closesAt);
  return [
    {
      ...head,
      id: `${uid}/created`,
      at: metadata.creationTimestamp ?? noted,
      step: 'campaign_created',
      authorized,
      window,
    },
    ...(equal(before.authorized, authorized)
      ? []
      : [
          {
            ...head,
            id: trail.next(`${uid}/authorized`),
            at: noted,
            step: 'authorized_changed' as const,
            effect: effectOf(before.authorized, authorized),
            before: before.authorized,
            now: authorized,
          },
        ]),
    ...(equal(before.window, window)
      ? []
      : [
          {
            ...head,
            id: trail.next(`${uid}/window`),
            at: noted,
            step: 'window_changed' as const,
            before: before.window,
            now: window,
          },
        ]),
    ...(openedAt === undefined
      ? []
      : [{ ...head, id: `${uid}/opened`, at: openedAt, step: 'campaign_opened' as const }]),
    // A closing that is put off ends no campaign twice: each instant is one entry.
    ...(hasClosed && known?.closedAt !== window.closesAt
      ? [
          {
            ...head,
            id: trail.next(`${uid}/closed`),
            at: window.closesAt,
            step: 'campaign_closed' as const,
            closesAt: window.closesAt,
          },
        ]
      : []),
    ...overrideEntries(campaign, known, head, trail, nowMs),
    ...levelEntries(campaign, status.contingency ?? [], known?.levels ?? {}, head, trail),
  ];
};

/** In the order in which they happened. */
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

/** What the end of campaigns and plans adds to a trail that no campaign keeps any more. */
export const remainingEntries = (view: RemainsView, trail: Trail): readonly AuditEntry[] => {
  const { campaignId, gone, plans, gonePlans, nowMs } = view;
  const noted = instant(nowMs);
  const entries: AuditEntry[] = [];
  for (const { uid, namespace, name, site, overrides } of trail.campaigns.values()) {
    if (!gone.has(uid)) continue;
    const head = { campaignId, namespace, campaign: name, uid, site };
    const about = { ...head, at: noted, noted };
    for (const [override, value] of Object.entries(overrides)) {
      entries.push({
        ...about,
        id: trail.next(`${uid}/${override}-ended`),
        step: 'override_ended',
        override,
        value,
        how: 'campaign deleted',
      });
    }
    entries.push({ ...about, id: `${uid}/deleted`, step: 'campaign_deleted' });
    for (const plan of trail.plans.values()) {
      if (plan.campaignUid !== uid || plan.isDeleted) continue;
      const there = plans.find((one) => (one.metadata.uid ?? one.metadata.name) === plan.uid);
      if (there !== undefined) entries.push(...planEntries(there, head, nowMs));
      else if (gonePlans.has(plan.uid)) entries.push(...deletedPlanEntries(plan, head, nowMs));
    }
  }
  return missing(trail, entries);
};

/** By whose grant a tier stands, or was raised, above what is authorised without a plan. */
export const grantUses = (
  authorized: ScalingSpec['authorized'],
  plans: readonly ScalePlan[],
  tiers: TierOutcomes,
  written: readonly ScaleWrite[],
  nowMs: number,
): readonly GrantUse[] => {
  const use = (tier: (typeof SCALED_TIERS)[number], to: number, from?: number): readonly GrantUse[] => {
    const grant = grantFor(authorized, plans, tier, to, nowMs);
    if (grant === undefined) return [];
    const { plan, ceiling } = grant;
    const { name, uid } = plan.metadata;
    return [
      { planUid: uid ?? name, plan: name, tier, ...(from === undefined ? {} : { from }), to, ceiling, atMs: nowMs },
    ];
  };
  return SCALED_TIERS.flatMap((tier) => {
    const raised = written.find((write) => write.tier === tier && write.replicas > write.from);
    if (raised !== undefined) return use(tier, raised.replicas, raised.from);
    // A leader that ended between its write and its note.
    const { replicas, written: wanted, isActing } = tiers[tier];
    return isActing && wanted >= replicas ? use(tier, replicas) : [];
  });
};

/** The data of `kubectl voucher status`, before its words: health, what needs a person, every tier. Pure. */
import type { ConditionType } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import { perTier, TIERS, type Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { TierStatus } from '../../contract/types/status.ts';
import { commandsOf } from '../../operator/contingency/commands.ts';
import type { DecisionRecord } from '../../operator/history/decision-record.ts';
import type { RecentSample } from '../../operator/history/recent.ts';
import { CLAIM_OLD_MS, type SeenClaim } from '../claim.ts';
import type { ClusterOptions, Decisions, SeenCampaign } from '../cluster.ts';
import { type LevelInForce, levelsInForce } from '../contingency/contingency-words.ts';
import { grantsInForce, waitingPlans } from '../plans/plans.ts';
import { because } from '../reasons.ts';
import { type Fault, faultsOf } from '../remedies.ts';
import type { Point } from './sparkline.ts';

export interface Report {
  readonly campaign: SeenCampaign;
  readonly plans: readonly ScalePlan[];
  /** Undefined: none yet, or no permission. */
  readonly decisions: Decisions | undefined;
  /** Of its namespace. Undefined: none, or no permission. */
  readonly claim?: SeenClaim | undefined;
  readonly options: ClusterOptions;
  readonly nowMs: number;
}

/**
 * | situation                                                      | health    |
 * |----------------------------------------------------------------|-----------|
 * | no status                                                      | unknown   |
 * | citizens are not served, or this is unknown                    | trouble   |
 * | a plan waits, a tier is held, a contingency level is in force, | attention |
 * | or a milder condition is not as it should be                   |           |
 * | none of these                                                  | ok        |
 */
export type Health = 'ok' | 'attention' | 'trouble' | 'unknown';

const GRAVE: readonly ConditionType[] = [
  'Ready',
  'Provisioned',
  'JournalDurable',
  'MetricsFresh',
  'DownstreamSaturated',
  'AcceptingRegistrations',
  'RecordsAvailable',
];
/** Under load the operator writes the status every 5 s. */
const SILENT_AFTER_MS = 30_000;

export interface TierLine {
  readonly tier: Tier;
  readonly status: TierStatus;
  readonly bounds: { readonly min: number; readonly max: number };
  readonly sinceMs: number | undefined;
  readonly decision: DecisionRecord;
  readonly reason: string;
}

export interface Standing {
  readonly health: Health;
  readonly plans: readonly ScalePlan[];
  /** Plans that raise a ceiling now. */
  readonly grants: readonly ScalePlan[];
  readonly levels: readonly LevelInForce[];
  /** Without those shown by plans and levels; grave ones first. */
  readonly faults: readonly Fault[];
  readonly graveFaults: number;
  /** At their ceiling, without a plan that asks for more. */
  readonly held: readonly Tier[];
  /** Age of the last status or claim, when it is too old; by two clocks. */
  readonly silentForMs: number | undefined;
}

/** By the status only under load: a campaign at rest changes little. Its namespace's claim is always renewed. */
const silence = ({ campaign: { status, statusAtMs }, claim, nowMs }: Report): number | undefined => {
  if (claim !== undefined && nowMs - claim.writtenAtMs > CLAIM_OLD_MS) return nowMs - claim.writtenAtMs;
  const isMoving = (status?.arrivalsPerSecond ?? 0) > 0 || (status?.backlog ?? 0) > 0 || status?.waiting !== undefined;
  if (!isMoving || statusAtMs === undefined || nowMs - statusAtMs < SILENT_AFTER_MS) return undefined;
  return nowMs - statusAtMs;
};

export const standingOf = (report: Report): Standing => {
  const { campaign, nowMs } = report;
  const plans = waitingPlans(report.plans, nowMs);
  const isGrave = ({ condition }: Fault): boolean => GRAVE.some((type) => type === condition.type);
  const levels = levelsInForce(campaign);
  // Only the condition reports an unreadable command.
  const isShownByLevels = levels.length > 0 && commandsOf(campaign).unreadable.length === 0;
  const found = faultsOf(campaign).filter(
    ({ condition: { type } }) =>
      (type !== 'PlanPending' || plans.length === 0) && (type !== 'Contingency' || !isShownByLevels),
  );
  const grave = found.filter(isGrave);
  const faults = [...grave, ...found.filter((fault) => !isGrave(fault))];
  const held = TIERS.filter((tier) => plans.length === 0 && campaign.status?.tiers?.[tier]?.limitedBy === 'Ceiling');
  const silentForMs = silence(report);
  const health: Health =
    campaign.status?.stage === undefined
      ? 'unknown'
      : grave.length > 0 || silentForMs !== undefined
        ? 'trouble'
        : plans.length > 0 || levels.length > 0 || faults.length > 0 || held.length > 0
          ? 'attention'
          : 'ok';
  const grants = grantsInForce(report.plans, nowMs);
  return { health, plans, grants, levels, faults, graveFaults: grave.length, held, silentForMs };
};

/** The last logged decision when it has the same number; else one made from the status alone. */
const lastWord = (
  { campaign, decisions }: Report,
  tier: Tier,
  status: TierStatus,
): { readonly decision: DecisionRecord; readonly isLogged: boolean } => {
  const last = decisions?.[tier].at(-1);
  const { min, max } = campaign.spec.scaling.tiers[tier];
  const { mode } = campaign.spec.scaling;
  const { limitedBy, ceiling, ready, desired } = status;
  const live = { limitedBy, ceiling, ready };
  if (last?.desired === desired) return { decision: { ...last, ...live }, isLogged: true };
  const signals = { arrivals: { kind: 'absent' as const } };
  return { decision: { ...live, at: '', desired, wanted: desired, min, max, mode, signals }, isLogged: false };
};

export const tierLines = (report: Report): readonly TierLine[] =>
  TIERS.flatMap((tier) => {
    const status = report.campaign.status?.tiers?.[tier];
    if (status === undefined) return [];
    const { decision, isLogged } = lastWord(report, tier, status);
    return [
      {
        tier,
        status,
        bounds: report.campaign.spec.scaling.tiers[tier],
        sinceMs: isLogged ? instantMs(decision.at) : undefined,
        decision,
        reason: because(decision),
      },
    ];
  });

export interface Curves {
  readonly arrivals: readonly Point[];
  readonly backlog: readonly Point[];
  readonly replicas: Readonly<Record<Tier, readonly Point[]>>;
}

/** Kept samples and the present status; without samples the log still has the replicas. */
export const curvesOf = ({ campaign: { status }, decisions, nowMs }: Report): Curves => {
  const samples = decisions?.recent ?? [];
  const points = (of: (sample: RecentSample) => number | undefined, now: number | undefined): readonly Point[] => [
    ...samples.map((sample) => ({ atMs: instantMs(sample.at), value: of(sample) })),
    { atMs: nowMs, value: now },
  ];
  const replicas = (tier: Tier): readonly Point[] => {
    const now = status?.tiers?.[tier]?.desired;
    if (samples.length > 0) return points((sample) => sample[tier]?.desired, now);
    const logged = (decisions?.[tier] ?? []).map(({ at, desired }) => ({ atMs: instantMs(at), value: desired }));
    return [...logged, { atMs: nowMs, value: now }];
  };
  return {
    arrivals: points(({ arrivalsPerSecond }) => arrivalsPerSecond, status?.arrivalsPerSecond),
    backlog: points(({ backlog }) => backlog, status?.backlog),
    replicas: perTier(replicas),
  };
};

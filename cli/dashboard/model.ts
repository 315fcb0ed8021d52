/** What the dashboard shows of a campaign, before its words. Pure. */
import { instantMs } from '../../contract/instant.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { WaitingStatus } from '../../contract/types/status.ts';
import { closesAtOf } from '../closing.ts';
import { approvalCommand, askedFor, where } from '../plans/plans.ts';
import { type Report, type Standing, standingOf, type TierLine, tierLines } from '../status/status-report.ts';
import { type Zone, zoneOf } from '../times.ts';
import { type CitizensSeen, waitingCitizens } from './frame.ts';
import type { Point } from './history.ts';

export const STEPS = ['registered', 'verified', 'listed', 'won', 'issued'] as const;
export type StepName = (typeof STEPS)[number];

export interface Step {
  readonly name: StepName;
  /** Undefined: not known, or not begun. */
  readonly value: number | undefined;
  /** What is on its way to this step. */
  readonly waits: number | undefined;
  readonly failed: number | undefined;
  readonly state: 'done' | 'now' | 'later';
}

export interface PlanShown {
  readonly name: string;
  readonly asks: string;
  readonly expiresAtMs: number;
  readonly summary: { readonly en: string; readonly 'zh-CN': string } | undefined;
  readonly command: string;
}

export interface Model {
  readonly campaign: VoucherCampaign;
  readonly context: string | undefined;
  readonly nowMs: number;
  readonly zone: Zone;
  readonly stage: string;
  readonly opensAtMs: number;
  readonly openedAtMs: number | undefined;
  readonly closesAtMs: number;
  readonly statusAtMs: number | undefined;
  readonly standing: Standing;
  readonly tiers: readonly TierLine[];
  readonly waiting: WaitingStatus | undefined;
  readonly hasWaitingRoom: boolean;
  readonly answerP99Ms: number | undefined;
  readonly peakArrivals: number | undefined;
  readonly steps: readonly Step[];
  readonly plans: readonly PlanShown[];
  /** `-n vouchers --context prod`: the same cluster in a command. */
  readonly where: string;
  readonly points: readonly Point[];
}

/** Zero, not less: two counts are not of one instant. */
const less = (from: number | undefined, taken: number | undefined): number | undefined =>
  from === undefined ? undefined : Math.max(0, from - (taken ?? 0));

/**
 * | step       | is in every campaign   | value                         | waits                         | done                        |
 * |------------|------------------------|-------------------------------|-------------------------------|-----------------------------|
 * | registered | yes                    | citizens in the database      | backlog                       | closed, and the backlog is 0 |
 * | verified   | with spec.verification | registered − without verdict  | without verdict               | closed, and none waits      |
 * | listed     | yes                    | entries of the list           |                               | the list is frozen          |
 * | won        | with spec.draw.sources | winners                       |                               | drawn                       |
 * | issued     | with spec.issuance     | vouchers issued               | winners − issued − failed     | condition Issued            |
 *
 * A step that is not done is `now` once it has a value, and `later` without one.
 */
const stepsOf = ({ spec, status = {} }: VoucherCampaign, closesAtMs: number, nowMs: number): readonly Step[] => {
  const { counts, backlog, tiers, draw, issuance, conditions = [] } = status;
  const isClosed = nowMs >= closesAtMs;
  const received = counts?.received;
  const unverified = tiers?.verification?.backlog;
  const winners = issuance?.winners ?? draw?.winners;
  const onTheWay =
    issuance?.startedAt === undefined ? undefined : less(less(winners, issuance.issued), issuance.failed);
  const isIssued = conditions.some(({ type, status: is }) => type === 'Issued' && is === 'True');
  const step = (
    name: StepName,
    isThere: boolean,
    value: number | undefined,
    isDone: boolean,
    waits?: number,
    failed?: number,
  ): readonly Step[] =>
    isThere ? [{ name, value, waits, failed, state: isDone ? 'done' : value === undefined ? 'later' : 'now' }] : [];
  return [
    ...step('registered', true, received, isClosed && backlog === 0, backlog),
    ...step(
      'verified',
      spec.verification !== undefined,
      unverified === undefined ? undefined : less(received, unverified),
      isClosed && unverified === 0,
      unverified,
    ),
    ...step(
      'listed',
      true,
      draw?.entries ?? sum(draw?.lists?.map(({ entries }) => entries)),
      draw?.frozenAt !== undefined,
    ),
    ...step('won', spec.draw.sources !== undefined, draw?.winners, draw?.drawnAt !== undefined),
    ...step('issued', spec.issuance !== undefined, issuance?.issued, isIssued, onTheWay, issuance?.failed),
  ];
};

const sum = (values: readonly number[] | undefined): number | undefined =>
  values?.reduce((all, value) => all + value, 0);

export const peakOf = (points: readonly Point[]): number | undefined => {
  const known = points.flatMap(({ arrivalsPerSecond }) => arrivalsPerSecond ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
};

/** @param report of a campaign whose spec can be read */
export const modelOf = (report: Report, points: readonly Point[], citizens?: CitizensSeen): Model => {
  const { campaign, options, nowMs } = report;
  const { metadata, spec, status } = campaign;
  const closesAtMs = instantMs(closesAtOf(campaign));
  const standing = standingOf(report);
  const waiting = status?.waiting;
  return {
    campaign,
    context: options.context,
    nowMs,
    zone: zoneOf(spec.window.opensAt),
    stage: status?.stage ?? 'Unseen',
    opensAtMs: instantMs(spec.window.opensAt),
    openedAtMs: status?.openedAt === undefined ? undefined : instantMs(status.openedAt),
    closesAtMs,
    statusAtMs: campaign.statusAtMs,
    standing,
    tiers: tierLines(report),
    waiting,
    hasWaitingRoom:
      waitingCitizens(campaign) !== undefined || points.some(({ waiting: before }) => before !== undefined),
    answerP99Ms: citizens?.answerP99Ms,
    peakArrivals: peakOf(points),
    steps: stepsOf(campaign, closesAtMs, nowMs),
    plans: standing.plans.map((plan) => ({
      name: plan.metadata.name,
      asks: askedFor(plan),
      expiresAtMs: instantMs(plan.spec.expiresAt),
      summary: plan.spec.summary,
      command: approvalCommand(plan, options),
    })),
    where: where(options, metadata.namespace),
    points,
  };
};

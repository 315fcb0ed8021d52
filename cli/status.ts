/** `kubectl voucher status`: how a campaign is doing, and what needs a person. */
import { Command } from 'commander';
import type { TierStatus, VoucherCampaign } from '../operator/api/campaign-types.ts';
import type { ScalePlan } from '../operator/api/scale-plan-types.ts';
import { isKubeError } from '../operator/kube/errors.ts';
import type { DecisionRecord } from '../operator/plan/decision-record.ts';
import { SCALED_TIERS, type ScaledTier } from '../operator/plan/observed.ts';
import { type ClusterOptions, type Decisions, onCluster, withClusterOptions } from './cluster.ts';
import type { Io } from './io.ts';
import { oneOf } from './options.ts';
import { approvalCommand, planLines, waitingPlans } from './plans.ts';
import { because } from './reasons.ts';
import { type Fault, faultsOf } from './remedies.ts';
import { ago, clockOf, type Zone, zoneOf } from './times.ts';
import { columns, count, span } from './words.ts';

const OUTPUTS = ['table', 'json'] as const;

interface Options extends ClusterOptions {
  readonly output: (typeof OUTPUTS)[number];
}

export interface Report {
  readonly campaign: VoucherCampaign;
  readonly plans: readonly ScalePlan[];
  /** Undefined: none yet, or not to be read. */
  readonly decisions: Decisions | undefined;
  readonly options: ClusterOptions;
  readonly nowMs: number;
}

interface TierLine {
  readonly tier: ScaledTier;
  readonly status: TierStatus;
  readonly bounds: { readonly min: number; readonly max: number };
  readonly sinceMs: number | undefined;
  readonly reason: string;
}

/** The log's last word when it speaks of the same number; else what the status alone tells. */
const lastWord = (
  { campaign, decisions }: Report,
  tier: ScaledTier,
  status: TierStatus,
): { readonly decision: DecisionRecord; readonly isLogged: boolean } => {
  const last = decisions?.[tier].at(-1);
  const { min, max } = campaign.spec.scaling.tiers[tier];
  const { mode } = campaign.spec.scaling;
  const live = { limitedBy: status.limitedBy, ceiling: status.ceiling, ready: status.ready };
  if (last !== undefined && last.desired === status.desired) return { decision: { ...last, ...live }, isLogged: true };
  const { desired } = status;
  const unknown = { kind: 'absent' } as const;
  return {
    decision: { ...live, at: '', desired, wanted: desired, min, max, mode, signals: { arrivals: unknown } },
    isLogged: false,
  };
};

const tierLines = (report: Report): readonly TierLine[] =>
  SCALED_TIERS.flatMap((tier) => {
    const status = report.campaign.status?.tiers?.[tier];
    if (status === undefined) return [];
    const { decision, isLogged } = lastWord(report, tier, status);
    return [
      {
        tier,
        status,
        bounds: report.campaign.spec.scaling.tiers[tier],
        sinceMs: isLogged ? Date.parse(decision.at) : undefined,
        reason: because(decision, tier),
      },
    ];
  });

const faultText = ({ condition, remedy }: Fault, zone: Zone, nowMs: number): string => {
  const { type, status, reason, lastTransitionTime, message } = condition;
  const since = `${clockOf(Date.parse(lastTransitionTime), zone, nowMs)}, ${ago(Date.parse(lastTransitionTime), nowMs)}`;
  return `  ${type}=${status} ${reason} (since ${since})\n    ${message}\n${remedy === undefined ? '' : `    → ${remedy}\n`}`;
};

const backlogText = ({ backlog, oldestSeconds }: NonNullable<VoucherCampaign['status']>): string => {
  if (backlog === undefined) return 'unknown';
  if (backlog === 0) return 'nothing waits';
  return `${count(backlog)} wait${oldestSeconds === undefined ? '' : `, the oldest for ${span(oldestSeconds)}`}`;
};

/** @returns text for people, times on the campaign's own clock */
export const statusText = (report: Report): string => {
  const { campaign, plans, options, nowMs } = report;
  const { metadata, spec, status } = campaign;
  const zone = zoneOf(spec.window.opensAt);
  const at = (instant: string): string =>
    `${clockOf(Date.parse(instant), zone, nowMs)} (${ago(Date.parse(instant), nowMs)})`;
  const head = `${metadata.name} in namespace ${metadata.namespace}: ${status?.stage ?? 'no operator has looked at it yet'}\n`;
  if (status === undefined) return head;
  const { admissionPerSecond, burstSeconds } = spec.traffic;
  const isOpened = status.openedAt !== undefined;
  const closesAt = status.closesAt ?? spec.window.closesAt;
  const facts = [
    [isOpened ? 'opened' : 'opens', at(status.openedAt ?? spec.window.opensAt)],
    [Date.parse(closesAt) <= nowMs ? 'closed' : 'closes', at(closesAt)],
    ['arrivals', status.arrivalsPerSecond === undefined ? 'unknown' : `${count(status.arrivalsPerSecond)}/s`],
    [
      'admission',
      admissionPerSecond === undefined
        ? 'what the replicas carry'
        : `${count(admissionPerSecond)}/s at most, ${burstSeconds} s of it at once`,
    ],
    ['backlog', backlogText(status)],
    ...(status.headroom === undefined || status.headroom.desired === 0
      ? []
      : [
          [
            'head-room',
            `room for ${status.headroom.ready} of ${status.headroom.desired} more intake replicas on nodes`,
          ],
        ]),
    ...(status.counts === undefined ? [] : [['recorded', count(status.counts.received)]]),
  ];
  const tiers = tierLines(report).map(({ tier, status: seen, bounds, sinceMs, reason }) => [
    tier,
    String(seen.ready),
    String(seen.desired),
    `${bounds.min}..${bounds.max}`,
    String(seen.ceiling),
    sinceMs === undefined ? '-' : clockOf(sinceMs, zone, nowMs),
    reason,
  ]);
  const faults = faultsOf(campaign);
  const waiting = waitingPlans(plans, nowMs);
  return [
    head,
    ...facts.map(([name = '', value = '']) => `  ${name.padEnd(10)} ${value}\n`),
    `\n${columns([['TIER', 'READY', 'WANTED', 'LIMITS', 'CEILING', 'SINCE', 'WHY'], ...tiers])}`,
    faults.length === 0 ? '\nEvery condition is as it should be.\n' : '\nNot as it should be:\n',
    ...faults.map((fault) => faultText(fault, zone, nowMs)),
    ...waiting.map((plan) => `\n${planLines(plan, options, zone, nowMs).join('\n')}\n`),
    `\nTimes are UTC${zone.text}.\n`,
  ].join('');
};

/** The same for programs; instants in UTC. */
export const statusJson = (report: Report): unknown => {
  const { campaign, plans, options, nowMs } = report;
  const { metadata, spec, status } = campaign;
  return {
    campaign: metadata.name,
    namespace: metadata.namespace,
    stage: status?.stage ?? null,
    opensAt: spec.window.opensAt,
    closesAt: status?.closesAt ?? spec.window.closesAt,
    openedAt: status?.openedAt ?? null,
    arrivalsPerSecond: status?.arrivalsPerSecond ?? null,
    admissionPerSecond: spec.traffic.admissionPerSecond ?? null,
    backlog: status?.backlog ?? null,
    oldestSeconds: status?.oldestSeconds ?? null,
    received: status?.counts?.received ?? null,
    headroom: status?.headroom ?? null,
    contingency: status?.contingency ?? [],
    tiers: Object.fromEntries(
      tierLines(report).map(({ tier, status: seen, bounds, sinceMs, reason }) => [
        tier,
        { ...seen, ...bounds, since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(), reason },
      ]),
    ),
    faults: faultsOf(campaign).map(({ condition, remedy }) => ({ ...condition, remedy: remedy ?? null })),
    plansWaiting: waitingPlans(plans, nowMs).map((plan) => ({
      name: plan.metadata.name,
      reason: plan.spec.reason,
      ceilings: plan.spec.ceilings,
      expiresAt: plan.spec.expiresAt,
      authorise: approvalCommand(plan, options),
    })),
  };
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const report = await onCluster(options, io, async (cluster): Promise<Report> => {
    const campaign = await cluster.campaign(name);
    const [plans, decisions] = await Promise.all([
      cluster.plans(campaign),
      // Without the log the status still tells the number and its reason, only not since when.
      cluster.decisions(campaign).catch((error: unknown) => {
        if (isKubeError(error, 'forbidden')) return undefined;
        throw error;
      }),
    ]);
    return { campaign, plans, decisions, options, nowMs: io.wallMs() };
  });
  io.out(options.output === 'json' ? `${JSON.stringify(statusJson(report), null, 2)}\n` : statusText(report));
};

export const statusCommand = (io: Io): Command =>
  withClusterOptions(new Command('status'))
    .description('how a campaign is doing, why its tiers are as large as they are, and what needs a person')
    .argument('[campaign]', 'its name; not needed where there is only one')
    .option('-o, --output <form>', OUTPUTS.join(' | '), oneOf(OUTPUTS, 'output'), 'table')
    .action((name: string | undefined, options: Options) => run(name, options, io));

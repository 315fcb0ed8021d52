/** `kubectl voucher plans`: what the operator has asked owners for. */
import { Command } from 'commander';
import type { ScalePlan } from '../operator/api/scale-plan-types.ts';
import { planState } from '../operator/plan/plan-state.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from './cluster.ts';
import type { Io } from './io.ts';
import { oneOf } from './options.ts';
import { askedFor, decidedText } from './plans.ts';
import { ago, clockOf, zoneOf } from './times.ts';
import { columns } from './words.ts';

const OUTPUTS = ['table', 'json'] as const;

export interface PlanOutputOptions extends ClusterOptions {
  readonly output: (typeof OUTPUTS)[number];
}

/** Newest first: what waits is on top. */
const listText = (plans: readonly ScalePlan[], nowMs: number): string => {
  if (plans.length === 0) return 'The operator has asked for nothing.\n';
  const rows = plans.map((plan) => {
    const { spec, metadata } = plan;
    const zone = zoneOf(spec.expiresAt);
    const expiresAtMs = Date.parse(spec.expiresAt);
    const until = spec.decision?.ceilingUntil;
    return [
      metadata.name,
      spec.campaignName,
      spec.reason,
      askedFor(plan),
      planState(plan, nowMs),
      `${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`,
      decidedText(plan),
      until === undefined ? '-' : clockOf(Date.parse(until), zoneOf(until), nowMs),
    ];
  });
  return columns([
    ['NAME', 'CAMPAIGN', 'REASON', 'ASKS FOR', 'STATE', 'EXPIRES', 'DECIDED BY', 'GRANTS UNTIL'],
    ...rows,
  ]);
};

export const planJson = (plan: ScalePlan, nowMs: number): unknown => ({
  name: plan.metadata.name,
  state: planState(plan, nowMs),
  ...plan.spec,
});

const list = async (campaign: string | undefined, options: PlanOutputOptions, io: Io): Promise<void> => {
  const all = await onCluster(options, io, (cluster) => cluster.allPlans());
  const nowMs = io.wallMs();
  const shown = all
    .filter(({ spec }) => campaign === undefined || spec.campaignName === campaign)
    .toSorted((a, b) => b.spec.expiresAt.localeCompare(a.spec.expiresAt));
  if (options.output === 'json')
    io.out(
      `${JSON.stringify(
        shown.map((plan) => planJson(plan, nowMs)),
        null,
        2,
      )}\n`,
    );
  else io.out(listText(shown, nowMs));
};

export const withOutput = (command: Command): Command =>
  command.option('-o, --output <form>', OUTPUTS.join(' | '), oneOf(OUTPUTS, 'output'), 'table');

export const plansCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('plans')))
    .description('what the operator has asked owners for, newest first')
    .argument('[campaign]', 'only of this one')
    .action((campaign: string | undefined, options: PlanOutputOptions) => list(campaign, options, io));

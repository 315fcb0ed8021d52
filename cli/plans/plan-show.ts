/** `kubectl voucher plan show`: everything that an owner should know before deciding. */
import { Command } from 'commander';
import { instantMs } from '../../contract/instant.ts';
import type { PredictedOutcome, ScalePlan } from '../../contract/types/scale-plan.ts';
import { personText, planState } from '../../operator/scale-plans/plan-state.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { ago, clockOf } from '../times.ts';
import { columns, count, figure, span } from '../words.ts';
import { planJson } from './plan-list.ts';
import {
  approvalPatch,
  askedFor,
  decidedText,
  defaultGrantEnd,
  type PlanTimes,
  planTimesOf,
  reasonText,
  revocationPatch,
} from './plans.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
}

type Fact = readonly [string, string];

const optional = (name: string, value: string | undefined): readonly Fact[] =>
  value === undefined ? [] : [[name, value]];

const meansFacts = ({ spec: { means } }: ScalePlan): readonly Fact[] => {
  if (means === undefined) return [];
  const { hours, podHours, costFen, nodes, quota = [] } = means;
  const cost = costFen === undefined ? '' : `, CNY ${(costFen / 100).toFixed(2)}`;
  return [
    ['costs', `${figure(podHours)} pod-hours at most, in ${figure(hours)} h${cost}`],
    ...optional('nodes', nodes === undefined ? undefined : `about ${count(nodes)} more`),
    ...quota.map(({ quota: name, resource, amount }): Fact => ['quota', `${name} lacks ${resource} ${figure(amount)}`]),
  ];
};

const decisionFacts = (plan: ScalePlan): readonly Fact[] => {
  const { decision, revocation } = plan.spec;
  return [
    ...(decision === undefined
      ? []
      : [
          ['decided', `${decision.verdict} by ${decidedText(plan)}`] as const,
          ...optional('reference', decision.reference),
          ...optional('reason', decision.reason),
          ...optional('grants', decision.ceilingUntil === undefined ? undefined : `until ${decision.ceilingUntil}`),
        ]),
    ...(revocation === undefined
      ? []
      : [
          ['revoked', `by ${personText(revocation.revokedBy, revocation.onBehalfOf)}: ${revocation.reason}`] as const,
          ...optional('reference', revocation.reference),
        ]),
  ];
};

const effectText = ({ spec: { effect } }: ScalePlan): string => {
  if (effect === undefined) return '';
  const row = (label: string, { late, waitP99Seconds, waiting, drainedAfterSeconds }: PredictedOutcome) => [
    label,
    count(late),
    span(waitP99Seconds),
    count(waiting),
    drainedAfterSeconds === undefined ? 'not within' : `after ${span(drainedAfterSeconds)}`,
  ];
  const head = `IN ${span(effect.seconds)} AT ${count(effect.arrivalsPerSecond)}/S`;
  return `\n${columns([
    [head, 'LATER THAN 5 S', '99% WAIT AT MOST', 'BACKLOG AT THE END', 'CLEARED'],
    row('without it', effect.without),
    row('with it', effect.with),
  ])}`;
};

const nextText = (plan: ScalePlan, times: PlanTimes, options: ClusterOptions, nowMs: number): string => {
  const { name } = plan.metadata;
  switch (planState(plan, nowMs)) {
    case 'Pending': {
      const command = approvalPatch(plan, options, times.zone, defaultGrantEnd(plan, times, nowMs));
      return `An owner authorises it with kubectl voucher approve ${name}, or with plain kubectl:\n  ${command}\n`;
    }
    case 'Approved':
      return `An owner revokes it with kubectl voucher revoke ${name} --reason WHY, or with plain kubectl:\n  ${revocationPatch(plan, options)}\n`;
    default:
      return '';
  }
};

const planText = (plan: ScalePlan, times: PlanTimes, options: ClusterOptions, nowMs: number): string => {
  const { spec } = plan;
  const { zone } = times;
  const expiresAtMs = instantMs(spec.expiresAt);
  const facts: readonly Fact[] = [
    ['campaign', `${spec.campaignName} (${spec.campaignId})`],
    ['asks for', `${askedFor(plan)} ${reasonText(plan)}`],
    ['state', planState(plan, nowMs)],
    ['expires', `${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`],
    ...meansFacts(plan),
    ...decisionFacts(plan),
  ];
  const summary = spec.summary === undefined ? '' : `\n${spec.summary['zh-CN']}\n${spec.summary.en}\n`;
  const rows = spec.evidence.map(({ signal, value, ageSeconds }) => [signal, figure(value), `${figure(ageSeconds)} s`]);
  return [
    `${plan.metadata.name}\n`,
    ...facts.map(([key, value]) => `  ${key.padEnd(10)} ${value}\n`),
    summary,
    effectText(plan),
    `\n${columns([['EVIDENCE', 'VALUE', 'AGE THEN'], ...rows])}\nTimes are UTC${zone.text}.\n`,
    nextText(plan, times, options, nowMs),
  ].join('');
};

const show = async (name: string, options: Options, io: Io): Promise<void> => {
  const { plan, times } = await onCluster(options, io, async (cluster) => {
    const found = await cluster.plan(name);
    return { plan: found, times: await planTimesOf(cluster, found) };
  });
  const nowMs = io.wallMs();
  io.out(forPrograms(options.output, planJson(plan, nowMs)) ?? planText(plan, times, options, nowMs));
};

export const planCommand = (io: Io): Command =>
  new Command('plan').description('one plan in full, with its evidence').addCommand(
    withOutput(withClusterOptions(new Command('show')))
      .description('a plan in full, with its evidence')
      .addHelpText('after', '\nExample:\n  kubectl voucher plan show spring-i30-16rc8 -n vouchers')
      .argument('<plan>', 'name of the plan')
      .action((name: string, options: Options) => show(name, options, io)),
    { isDefault: true },
  );

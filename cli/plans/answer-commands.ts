/** `kubectl voucher approve`, `reject` and `revoke`: an owner's answer. */
import { Command } from 'commander';
import { defined } from '../../contract/defined.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { personText, planState } from '../../operator/scale-plans/plan-state.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { ago, clockOf, instantOf, parseFuture } from '../times.ts';
import type { Decision } from './answer-plan.ts';
import { askedFor, defaultGrantEnd, grantsInForce, planTimesOf, waitingPlans } from './plans.ts';

interface AnswerOptions extends ClusterOptions {
  readonly onBehalfOf?: string;
  readonly reference?: string;
}

interface DecideOptions extends AnswerOptions {
  readonly until?: string;
  readonly reason?: string;
}

interface RevokeOptions extends AnswerOptions {
  readonly reason: string;
}

/** The plan of that name, or the only one in this state. */
const chosen = async (
  cluster: Cluster,
  name: string | undefined,
  state: 'Pending' | 'Approved',
  nowMs: number,
): Promise<ScalePlan> => {
  if (name !== undefined) return cluster.plan(name);
  const plans = await cluster.allPlans();
  const open = state === 'Pending' ? waitingPlans(plans, nowMs) : grantsInForce(plans, nowMs);
  const [only, ...others] = open;
  if (only === undefined) {
    const what = state === 'Pending' ? 'ScalePlan waits for a decision' : 'approved ScalePlan is in force';
    throw new UsageError(`no ${what} in namespace ${cluster.namespace}`);
  }
  if (others.length === 0) return only;
  const names = open.map((plan) => `  ${plan.metadata.name}: ${plan.spec.campaignName}, ${askedFor(plan)}\n`);
  throw new UsageError(`there are several plans; name one of\n${names.join('').trimEnd()}`);
};

const decide = async (
  name: string | undefined,
  verdict: Decision['verdict'],
  options: DecideOptions,
  io: Io,
): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const nowMs = io.wallMs();
    const plan = await chosen(cluster, name, 'Pending', nowMs);
    const state = planState(plan, nowMs);
    if (state !== 'Pending') {
      throw new UsageError(
        `ScalePlan ${plan.metadata.name} is ${state}: only a waiting plan can be decided on; \`kubectl voucher plans\` lists them`,
      );
    }
    const times = await planTimesOf(cluster, plan);
    const { zone } = times;
    const untilMs =
      options.until === undefined
        ? defaultGrantEnd(plan, times, nowMs)
        : parseFuture('--until', options.until, zone, nowMs);
    const decidedBy = await cluster.whoAmI();
    const { reason, onBehalfOf, reference } = options;
    await cluster.decide(plan, {
      verdict,
      decidedBy,
      ...defined({ onBehalfOf, reference, reason }),
      ...(verdict === 'Approved' ? { ceilingUntil: instantOf(untilMs, zone) } : {}),
    });
    const who = personText(decidedBy, onBehalfOf);
    return verdict === 'Approved'
      ? `ScalePlan ${plan.metadata.name} approved: ${askedFor(plan)} until ${clockOf(untilMs, zone, nowMs)} UTC${zone.text} (${ago(untilMs, nowMs)}), by ${who}.\nFollow it with kubectl voucher status ${plan.spec.campaignName} -n ${cluster.namespace}\n`
      : `ScalePlan ${plan.metadata.name} rejected by ${who}: the ceilings are unchanged.\n`;
  });
  io.out(text);
};

const revoke = async (name: string | undefined, options: RevokeOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const nowMs = io.wallMs();
    const plan = await chosen(cluster, name, 'Approved', nowMs);
    const state = planState(plan, nowMs);
    if (state !== 'Approved') {
      throw new UsageError(
        `ScalePlan ${plan.metadata.name} is ${state}: only an approved plan can be revoked; \`kubectl voucher plans\` lists them`,
      );
    }
    const revokedBy = await cluster.whoAmI();
    const { reason, onBehalfOf, reference } = options;
    await cluster.revoke(plan, { revokedBy, ...defined({ onBehalfOf, reference }), reason });
    return `ScalePlan ${plan.metadata.name} revoked by ${personText(revokedBy, onBehalfOf)}: its grant has ended; replicas above the ceiling are removed step by step.\nThe operator asks again after 15 minutes if the need lasts, and at once if it grows by 20 %.\n`;
  });
  io.out(text);
};

const answering = (command: Command, which: string, example: string): Command =>
  withClusterOptions(command)
    .argument('[plan]', `name of the plan; optional if only one ${which}`)
    .option('--on-behalf-of <who>', 'the authority that decided, if you act for one')
    .option('--reference <text>', 'file number or ticket of the decision')
    .addHelpText('after', `\nExample:\n  kubectl voucher ${command.name()} spring-i30-16rc8 -n vouchers ${example}`);

export const approveCommand = (io: Io): Command =>
  answering(new Command('approve'), 'waits', '--until 22:00 --reference CD-17')
    .description('raise the ceilings as a plan asks; needs the verb authorize')
    .option(
      '--until <time>',
      'end of the raised ceilings: an instant, a time of day, or a duration (default: 2h; for a forecast, two hours after opening)',
    )
    .option('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: DecideOptions) => decide(name, 'Approved', options, io));

export const rejectCommand = (io: Io): Command =>
  answering(new Command('reject'), 'waits', '--reason "the database is full"')
    .description('keep the ceilings as they are; needs the verb authorize')
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: DecideOptions) => decide(name, 'Rejected', options, io));

export const revokeCommand = (io: Io): Command =>
  answering(new Command('revoke'), 'is in force', '--reason "the load is over"')
    .description('end an approval before its time; needs the verb authorize')
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: RevokeOptions) => revoke(name, options, io));

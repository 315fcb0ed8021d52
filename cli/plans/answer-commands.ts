/** `kubectl voucher approve`, `reject` and `revoke`: an owner's answer. */
import { Command } from 'commander';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { planState } from '../../operator/scale-plans/plan-state.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { ago, clockOf, instantOf, parseFuture } from '../times.ts';
import type { Decision } from './answer-plan.ts';
import { planTimesOf } from './plan-times.ts';
import { askedFor, defaultGrantEnd, grantsInForce, waitingPlans } from './plans.ts';

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

/** The plan of that name, or the only one that is in this state. */
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
  throw new UsageError(`which plan? Name one of\n${names.join('').trimEnd()}`);
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
        `ScalePlan ${plan.metadata.name} is ${state}: only one that waits is decided on; \`kubectl voucher plans\` lists them`,
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
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
      ...(reference === undefined ? {} : { reference }),
      ...(reason === undefined ? {} : { reason }),
      ...(verdict === 'Approved' ? { ceilingUntil: instantOf(untilMs, zone) } : {}),
    });
    const who = `${decidedBy}${onBehalfOf === undefined ? '' : `, for ${onBehalfOf}`}`;
    return verdict === 'Approved'
      ? `ScalePlan ${plan.metadata.name} approved: ${askedFor(plan)} until ${clockOf(untilMs, zone, nowMs)} UTC${zone.text} (${ago(untilMs, nowMs)}), by ${who}.\nFollow it with kubectl voucher status ${plan.spec.campaignName} -n ${cluster.namespace}\n`
      : `ScalePlan ${plan.metadata.name} rejected by ${who}: the ceilings stay.\n`;
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
        `ScalePlan ${plan.metadata.name} is ${state}: only an approved one is revoked; \`kubectl voucher plans\` lists them`,
      );
    }
    const revokedBy = await cluster.whoAmI();
    const { reason, onBehalfOf, reference } = options;
    await cluster.revoke(plan, {
      revokedBy,
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
      ...(reference === undefined ? {} : { reference }),
      reason,
    });
    const who = `${revokedBy}${onBehalfOf === undefined ? '' : `, for ${onBehalfOf}`}`;
    return `ScalePlan ${plan.metadata.name} revoked by ${who}: what it granted has ended, and replicas only fall.\nThe operator asks again in a quarter of an hour if the need lasts, and at once when it grows by a fifth.\n`;
  });
  io.out(text);
};

const answering = (command: Command, which: string): Command =>
  withClusterOptions(command)
    .argument('[plan]', `its name; not needed where only one ${which}`)
    .option('--on-behalf-of <who>', 'the authority that decided, when you enter it for somebody')
    .option('--reference <text>', 'file number or ticket of the decision');

export const approveCommand = (io: Io): Command =>
  answering(new Command('approve'), 'waits')
    .description('lift the ceilings as a plan asks; it takes the verb authorize')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher approve spring-i30-16rc8 -n vouchers --until 22:00 --reference CD-17',
    )
    .option(
      '--until <time>',
      'when the lifted ceilings end: an instant, a time of day, or for how long (2h, the default)',
    )
    .option('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: DecideOptions) => decide(name, 'Approved', options, io));

export const rejectCommand = (io: Io): Command =>
  answering(new Command('reject'), 'waits')
    .description('leave the ceilings as they are; it takes the verb authorize')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher reject spring-i30-16rc8 -n vouchers --reason "the database is full"',
    )
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: DecideOptions) => decide(name, 'Rejected', options, io));

export const revokeCommand = (io: Io): Command =>
  answering(new Command('revoke'), 'is in force')
    .description('end what an approved plan grants, before its time; it takes the verb authorize')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher revoke spring-i30-16rc8 -n vouchers --reason "the crowd has gone"',
    )
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: RevokeOptions) => revoke(name, options, io));

/** `kubectl voucher plans`, `approve` and `reject`: what the operator asks an owner for, and the answer. */
import { Command } from 'commander';
import type { ScalePlan } from '../operator/api/scale-plan-types.ts';
import { planState } from '../operator/plan/plan-state.ts';
import { type Cluster, type ClusterOptions, type Decision, onCluster, withClusterOptions } from './cluster.ts';
import { UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { forPrograms, type Output, withOutput } from './output.ts';
import { askedFor, defaultGrantEnd, patchCommand, waitingPlans } from './plans.ts';
import { ago, clockOf, instantOf, parseFuture, type Zone, zoneOf } from './times.ts';
import { columns, count } from './words.ts';

interface ListOptions extends ClusterOptions {
  readonly output: Output;
  readonly allNamespaces?: true;
}

interface DecideOptions extends ClusterOptions {
  readonly until?: string;
  readonly reason?: string;
  readonly onBehalfOf?: string;
  readonly reference?: string;
}

/** The clock of the campaign, while it is there; a plan outlives it. */
const clockFor = async (cluster: Cluster, { spec }: ScalePlan): Promise<{ zone: Zone; closesAtMs: number }> => {
  const campaign = await cluster.campaign(spec.campaignName).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  if (campaign === undefined) return { zone: zoneOf(spec.expiresAt), closesAtMs: Number.POSITIVE_INFINITY };
  const { opensAt, closesAt } = campaign.spec.window;
  return { zone: zoneOf(opensAt), closesAtMs: Date.parse(closesAt) };
};

const decidedText = ({ spec: { decision } }: ScalePlan): string =>
  decision === undefined
    ? '-'
    : `${decision.decidedBy}${decision.onBehalfOf === undefined ? '' : ` for ${decision.onBehalfOf}`}`;

/** Newest first: what waits is on top. */
const listText = (plans: readonly ScalePlan[], nowMs: number, options: ListOptions): string => {
  if (plans.length === 0) return 'The operator has asked for nothing.\n';
  const [hasNamespaces, isWide] = [options.allNamespaces === true, options.output === 'wide'];
  const rows = plans.map((plan) => {
    const { spec, metadata } = plan;
    const zone = zoneOf(spec.expiresAt);
    const expiresAtMs = Date.parse(spec.expiresAt);
    const until = spec.decision?.ceilingUntil;
    return [
      ...(hasNamespaces ? [metadata.namespace] : []),
      metadata.name,
      spec.campaignName,
      spec.reason,
      askedFor(plan),
      planState(plan, nowMs),
      `${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`,
      decidedText(plan),
      until === undefined ? '-' : clockOf(Date.parse(until), zoneOf(until), nowMs),
      ...(isWide ? [spec.decision?.reference ?? '-', spec.decision?.reason ?? '-'] : []),
    ];
  });
  return columns([
    [
      ...(hasNamespaces ? ['NAMESPACE'] : []),
      ...['NAME', 'CAMPAIGN', 'REASON', 'ASKS FOR', 'STATE', 'EXPIRES', 'DECIDED BY', 'GRANTS UNTIL'],
      ...(isWide ? ['REFERENCE', 'BECAUSE'] : []),
    ],
    ...rows,
  ]);
};

const planJson = (plan: ScalePlan, nowMs: number): unknown => ({
  name: plan.metadata.name,
  namespace: plan.metadata.namespace,
  state: planState(plan, nowMs),
  ...plan.spec,
});

const list = async (campaign: string | undefined, options: ListOptions, io: Io): Promise<void> => {
  const all = await onCluster(options, io, (cluster) => cluster.allPlans(options.allNamespaces === true));
  const nowMs = io.wallMs();
  const shown = all
    .filter(({ spec }) => campaign === undefined || spec.campaignName === campaign)
    .toSorted((a, b) => b.spec.expiresAt.localeCompare(a.spec.expiresAt));
  const value = shown.map((plan) => planJson(plan, nowMs));
  io.out(forPrograms(options.output, value) ?? listText(shown, nowMs, options));
};

/** The plan in full: what it asks for and every signal that it rests on. */
const show = async (name: string, options: ListOptions, io: Io): Promise<void> => {
  const { plan, closesAtMs } = await onCluster(options, io, async (cluster) => {
    const found = await cluster.plan(name);
    return { plan: found, ...(await clockFor(cluster, found)) };
  });
  const nowMs = io.wallMs();
  const forProgram = forPrograms(options.output, planJson(plan, nowMs));
  if (forProgram !== undefined) return io.out(forProgram);
  const { spec } = plan;
  const zone = zoneOf(spec.expiresAt);
  const expiresAtMs = Date.parse(spec.expiresAt);
  const { decision } = spec;
  const decided =
    decision === undefined
      ? []
      : [
          ['decided', `${decision.verdict} by ${decidedText(plan)}`],
          ...(decision.reference === undefined ? [] : [['reference', decision.reference]]),
          ...(decision.reason === undefined ? [] : [['reason', decision.reason]]),
          ...(decision.ceilingUntil === undefined ? [] : [['grants', `until ${decision.ceilingUntil}`]]),
        ];
  const facts = [
    ['campaign', `${spec.campaignName} (${spec.campaignId})`],
    ['asks for', `${askedFor(plan)} ${spec.reason === 'Load' ? 'for the crowd that is there' : 'for the forecast'}`],
    ['state', planState(plan, nowMs)],
    ['expires', `${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`],
    ...decided,
  ];
  io.out(`${plan.metadata.name}\n${facts.map(([key = '', value = '']) => `  ${key.padEnd(10)} ${value}\n`).join('')}`);
  const rows = spec.evidence.map(({ signal, value, ageSeconds }) => [
    signal,
    Number.isInteger(value) ? count(value) : String(Math.round(value * 10) / 10),
    `${Math.round(ageSeconds * 10) / 10} s`,
  ]);
  io.out(`\n${columns([['EVIDENCE', 'VALUE', 'AGE THEN'], ...rows])}\nTimes are UTC${zone.text}.\n`);
  if (planState(plan, nowMs) !== 'Pending') return;
  const command = patchCommand(plan, options, zone, defaultGrantEnd(nowMs, closesAtMs));
  io.out(`An owner authorises it with kubectl voucher approve ${name}, or with plain kubectl:\n  ${command}\n`);
};

const chosen = async (cluster: Cluster, name: string | undefined, nowMs: number): Promise<ScalePlan> => {
  if (name !== undefined) return cluster.plan(name);
  const waiting = waitingPlans(await cluster.allPlans(), nowMs);
  const [only, ...others] = waiting;
  if (only === undefined) throw new UsageError(`no ScalePlan waits for a decision in namespace ${cluster.namespace}`);
  if (others.length === 0) return only;
  const names = waiting.map((plan) => `  ${plan.metadata.name}: ${plan.spec.campaignName}, ${askedFor(plan)}\n`);
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
    const plan = await chosen(cluster, name, nowMs);
    const state = planState(plan, nowMs);
    if (state !== 'Pending') {
      throw new UsageError(
        `ScalePlan ${plan.metadata.name} is ${state}: only one that waits is decided on; \`kubectl voucher plans\` lists them`,
      );
    }
    const { zone, closesAtMs } = await clockFor(cluster, plan);
    const untilMs =
      options.until === undefined
        ? defaultGrantEnd(nowMs, closesAtMs)
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

const deciding = (command: Command): Command =>
  withClusterOptions(command)
    .argument('[plan]', 'its name; not needed where only one waits')
    .option('--on-behalf-of <who>', 'the authority that decided, when you enter it for somebody')
    .option('--reference <text>', 'file number or ticket of the decision');

export const plansCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('plans')))
    .description('what the operator has asked owners for, newest first')
    .argument('[campaign]', 'only of this one')
    .option('-A, --all-namespaces', 'of every namespace')
    .addHelpText('after', '\nExample:\n  kubectl voucher plans -n vouchers')
    .action((campaign: string | undefined, options: ListOptions) => list(campaign, options, io));

export const planCommand = (io: Io): Command =>
  new Command('plan').description('one plan').addCommand(
    withOutput(withClusterOptions(new Command('show')))
      .description('a plan in full, with the evidence that it rests on')
      .addHelpText('after', '\nExample:\n  kubectl voucher plan show spring-i30-16rc8 -n vouchers')
      .argument('<plan>', 'its name')
      .action((name: string, options: ListOptions) => show(name, options, io)),
  );

export const approveCommand = (io: Io): Command =>
  deciding(new Command('approve'))
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
  deciding(new Command('reject'))
    .description('leave the ceilings as they are; it takes the verb authorize')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher reject spring-i30-16rc8 -n vouchers --reason "the database is full"',
    )
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string | undefined, options: DecideOptions) => decide(name, 'Rejected', options, io));

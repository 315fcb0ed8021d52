/** `kubectl voucher contingency`: measures that were agreed beforehand, started and stopped by command. */
import { Command } from 'commander';
import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { contingencyAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ContingencyLevel, ContingencyStatus } from '../../contract/types/contingency.ts';
import { startText, stopText } from '../../operator/contingency/commands.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { ago, clockOf, instantOf, parseFuture, type Zone, zoneOf } from '../times.ts';
import { columns } from '../words.ts';
import { backText, effectText, levelsOf, statusOfLevel, triggerText } from './contingency-words.ts';

const STOPPED = 'stopped';
/** The end of a sentence when the status does not show a command yet. */
export const UNCONFIRMED =
  'the operator has not confirmed it yet: check with kubectl voucher status whether it is running.';

interface ListOptions extends ClusterOptions {
  readonly output: Output;
}
interface StopOptions extends ClusterOptions {
  readonly reason?: string;
}
interface StartOptions extends StopOptions {
  readonly until: string;
}

/** @throws UsageError that names the existing levels */
const levelOf = (campaign: VoucherCampaign, name: string): ContingencyLevel => {
  const levels = levelsOf(campaign);
  const level = levels.find((one) => one.name === name);
  if (level !== undefined) return level;
  const there = levels.map((one) => `  ${one.name}: ${one.title.en}\n`).join('');
  throw new UsageError(
    levels.length === 0
      ? `campaign ${campaign.metadata.name} has no contingency levels: state them in spec.contingency.levels`
      : `campaign ${campaign.metadata.name} has no level ${name}; existing ones:\n${there.trimEnd()}`,
  );
};

const stateText = (status: ContingencyStatus | undefined, zone: Zone, nowMs: number): string => {
  if (status === undefined) return '-';
  const end = status.until === undefined ? '' : ` until ${clockOf(instantMs(status.until), zone, nowMs)}`;
  const source = status.by === 'Trigger' ? 'trigger' : (status.who ?? 'command');
  return `since ${clockOf(instantMs(status.since), zone, nowMs)}${end} (${source}: ${status.reason})`;
};

const listText = (campaign: VoucherCampaign, nowMs: number, { output }: ListOptions): string => {
  const levels = levelsOf(campaign);
  const { name: called } = campaign.metadata;
  if (levels.length === 0) return `${called} has no contingency levels (spec.contingency.levels).\n`;
  const zone = zoneOf(campaign.spec.window.opensAt);
  const isWide = output === 'wide';
  const rows = levels.map((level) => [
    level.name,
    effectText(level),
    triggerText(level),
    ...(isWide ? [backText(level), `${level.title['zh-CN']} · ${level.title.en}`] : []),
    stateText(statusOfLevel(campaign, level.name), zone, nowMs),
  ]);
  const titles = ['LEVEL', 'EFFECT', 'STARTS', ...(isWide ? ['ENDS', 'TITLE'] : []), 'IN FORCE'];
  return `${columns([titles, ...rows])}Times are UTC${zone.text}.\n`;
};

const list = async (name: string | undefined, options: ListOptions, io: Io): Promise<void> => {
  const campaign = await onCluster(options, io, (cluster) => cluster.campaign(name));
  const levels = levelsOf(campaign).map((level) => ({
    ...level,
    inForce: statusOfLevel(campaign, level.name) ?? null,
  }));
  const value = { closesAt: campaign.status?.closesAt ?? null, levels };
  io.out(forPrograms(options.output, value) ?? listText(campaign, io.wallMs(), options));
};

/** The policy's own message names the missing permission; the role of an editor would not help. */
const command = async (cluster: Cluster, campaign: VoucherCampaign, level: string, text: string): Promise<void> => {
  try {
    await cluster.annotate(campaign, contingencyAnnotation(level), text);
  } catch (error) {
    if (!isKubeError(error, 'forbidden') || !error.message.includes('ValidatingAdmissionPolicy')) throw error;
    throw new ForbiddenError(error.message, { cause: error });
  }
};

const start = async (level: string, name: string | undefined, options: StartOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const known = levelOf(campaign, level);
    const nowMs = io.wallMs();
    const zone = zoneOf(campaign.spec.window.opensAt);
    const { until, reason } = options;
    const untilMs = until === STOPPED ? undefined : parseFuture('--until', until, zone, nowMs);
    const said = { who: await cluster.whoAmI(), ...defined({ reason }) };
    const end = untilMs === undefined ? STOPPED : instantOf(untilMs, zone);
    await command(cluster, campaign, level, startText(end, said));
    const started = await cluster.awaitStatus(campaign, (one) => statusOfLevel(one, level)?.by === 'Command');
    const clock = (ms: number): string => `${clockOf(ms, zone, nowMs)} UTC${zone.text}`;
    const endText = untilMs === undefined ? 'until it is stopped' : `until ${clock(untilMs)} (${ago(untilMs, nowMs)})`;
    const { name: called } = campaign.metadata;
    const closesAt = known.effect.extendClosing === undefined ? undefined : started?.status?.closesAt;
    const closing = closesAt === undefined ? '' : ` Registration closes at ${clock(instantMs(closesAt))}.`;
    const state =
      started === undefined
        ? `${level} was started ${endText}, but ${UNCONFIRMED}`
        : `${level} is in force ${endText}: ${effectText(known)}.${closing}`;
    return `${called}: ${state}\nTo stop it earlier: kubectl voucher contingency stop ${level} ${called} -n ${cluster.namespace}\n`;
  });
  io.out(text);
};

const stop = async (level: string, name: string | undefined, options: StopOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const known = levelOf(campaign, level);
    const { name: called } = campaign.metadata;
    const current = statusOfLevel(campaign, level);
    const annotation = campaign.metadata.annotations?.[contingencyAnnotation(level)];
    if (current === undefined && annotation?.startsWith('on') !== true) return `${called}: ${level} is not in force.\n`;
    // The operator's clock may be ahead of this one: the level must begin before it ends. Whole seconds are written.
    const atMs = Math.max(io.wallMs(), current === undefined ? 0 : instantMs(current.since)) + 1_000;
    const said = { who: await cluster.whoAmI(), ...defined({ reason: options.reason }) };
    const at = instantOf(atMs, zoneOf(campaign.spec.window.opensAt));
    await command(cluster, campaign, level, stopText(at, said));
    const stopped = await cluster.awaitStatus(campaign, (one) => statusOfLevel(one, level) === undefined);
    const again =
      known.trigger === undefined ? '' : ' Its trigger is armed again once the metric was below the threshold.';
    const closing =
      known.effect.extendClosing === undefined
        ? ''
        : ' The extended closing remains, because it was announced to citizens.';
    return stopped === undefined
      ? `${called}: ${level} was stopped, but ${UNCONFIRMED}\n`
      : `${called}: ${level} has ended.${again}${closing}\n`;
  });
  io.out(text);
};

const onLevel = (command: Command): Command =>
  withClusterOptions(command)
    .argument('<level>', 'name of the level')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--reason <text>', 'why, for the record');

export const contingencyCommand = (io: Io): Command =>
  new Command('contingency')
    .description('measures for emergencies, agreed beforehand in spec.contingency')
    .addCommand(
      withOutput(withClusterOptions(new Command('list')))
        .description('the levels of a campaign, their effects, and which are in force')
        .addHelpText('after', '\nExample:\n  kubectl voucher contingency list spring-2027 -n vouchers')
        .argument('[campaign]', 'name of the campaign; optional if there is only one')
        .action((name: string | undefined, options: ListOptions) => list(name, options, io)),
      { isDefault: true },
    )
    .addCommand(
      onLevel(new Command('start'))
        .description(
          'start a level: it is in force within 5 s; to extend the closing or defer the freeze, you need the verb authorize',
        )
        .addHelpText(
          'after',
          '\nExample:\n  kubectl voucher contingency start narrow-door spring-2027 -n vouchers --until 30m --reason "the database is slow"',
        )
        .requiredOption(
          '--until <time>',
          `when it ends: an instant, a time of the campaign’s day, a duration (30m), or "${STOPPED}"`,
        )
        .action((level: string, name: string | undefined, options: StartOptions) => start(level, name, options, io)),
    )
    .addCommand(
      onLevel(new Command('stop'))
        .description('end a level that a command or a trigger has started')
        .addHelpText('after', '\nExample:\n  kubectl voucher contingency stop narrow-door spring-2027 -n vouchers')
        .action((level: string, name: string | undefined, options: StopOptions) => stop(level, name, options, io)),
    );

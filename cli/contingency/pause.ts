/** `kubectl voucher pause` and `resume`: no replicas are written for a time. */
import { Command } from 'commander';
import { OVERRIDES } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import type { Io } from '../io.ts';
import { ago, clockOf, instantOf, parseFuture, zoneOf } from '../times.ts';
import { UNCONFIRMED } from './contingency.ts';

interface PauseOptions extends ClusterOptions {
  readonly until: string;
}

const isPaused = ({ status }: VoucherCampaign): boolean =>
  status?.conditions?.some(
    ({ type, status: verdict, reason }) => type === 'Overridden' && verdict === 'True' && reason === 'Paused',
  ) ?? false;

const pause = async (name: string | undefined, options: PauseOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const nowMs = io.wallMs();
    const zone = zoneOf(campaign.spec.window.opensAt);
    const untilMs = parseFuture('--until', options.until, zone, nowMs);
    await cluster.annotate(campaign, OVERRIDES.paused, instantOf(untilMs, zone));
    const paused = await cluster.awaitStatus(campaign, isPaused);
    const tiers = Object.entries(paused?.status?.tiers ?? {}).map(([tier, { replicas }]) => `${tier} ${replicas}`);
    const until = `until ${clockOf(untilMs, zone, nowMs)} UTC${zone.text} (${ago(untilMs, nowMs)})`;
    const state =
      paused === undefined
        ? `it was paused ${until}, but ${UNCONFIRMED}`
        : `it is paused ${until}: no replicas are written. The tiers keep ${tiers.join(', ')}.`;
    const { name: called } = campaign.metadata;
    return `${called}: ${state}\nTo end it earlier: kubectl voucher resume ${called} -n ${cluster.namespace}\n`;
  });
  io.out(text);
};

const resume = async (name: string | undefined, options: ClusterOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const wasPaused = campaign.metadata.annotations?.[OVERRIDES.paused] !== undefined;
    await cluster.annotate(campaign, OVERRIDES.paused, undefined);
    return wasPaused
      ? `${campaign.metadata.name} is resumed: the operator scales it again.\n`
      : `${campaign.metadata.name} is not paused.\n`;
  });
  io.out(text);
};

export const pauseCommand = (io: Io): Command =>
  withClusterOptions(new Command('pause'))
    .description('stop scaling a campaign for a time; the pause ends by itself')
    .addHelpText('after', '\nExample:\n  kubectl voucher pause spring-2027 -n vouchers --until 45m')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--until <time>', 'when it ends: an instant, a time of the campaign’s day, or a duration', '30m')
    .action((name: string | undefined, options: PauseOptions) => pause(name, options, io));

export const resumeCommand = (io: Io): Command =>
  withClusterOptions(new Command('resume'))
    .description('end a pause')
    .addHelpText('after', '\nExample:\n  kubectl voucher resume spring-2027 -n vouchers')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .action((name: string | undefined, options: ClusterOptions) => resume(name, options, io));

/** `kubectl voucher pause` and `resume`: nobody writes replicas for a while. */
import { Command } from 'commander';
import { OVERRIDES } from '../operator/api/names.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from './cluster.ts';
import type { Io } from './io.ts';
import { ago, clockOf, instantOf, parseFuture, zoneOf } from './times.ts';

interface PauseOptions extends ClusterOptions {
  readonly until: string;
}

const pause = async (name: string | undefined, options: PauseOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const nowMs = io.wallMs();
    const zone = zoneOf(campaign.spec.window.opensAt);
    const untilMs = parseFuture('--until', options.until, zone, nowMs);
    await cluster.annotate(campaign, OVERRIDES.paused, instantOf(untilMs, zone));
    const tiers = Object.entries(campaign.status?.tiers ?? {}).map(([tier, { replicas }]) => `${tier} ${replicas}`);
    return `${campaign.metadata.name} is paused until ${clockOf(untilMs, zone, nowMs)} UTC${zone.text} (${ago(untilMs, nowMs)}): no replica is written, up or down. It stands at ${tiers.join(', ') || 'what it has'}.\nSooner: kubectl voucher resume ${campaign.metadata.name} -n ${cluster.namespace}\n`;
  });
  io.out(text);
};

const resume = async (name: string | undefined, options: ClusterOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const isPaused = campaign.metadata.annotations?.[OVERRIDES.paused] !== undefined;
    await cluster.annotate(campaign, OVERRIDES.paused, undefined);
    return isPaused
      ? `${campaign.metadata.name} goes on: the control law decides again.\n`
      : `${campaign.metadata.name} is not paused.\n`;
  });
  io.out(text);
};

export const pauseCommand = (io: Io): Command =>
  withClusterOptions(new Command('pause'))
    .description('write no replica of a campaign for a while, up or down; it ends by itself')
    .argument('[campaign]', 'its name; not needed where there is only one')
    .option('--until <time>', 'when it ends: an instant, a time of the campaign’s day, or for how long', '30m')
    .action((name: string | undefined, options: PauseOptions) => pause(name, options, io));

export const resumeCommand = (io: Io): Command =>
  withClusterOptions(new Command('resume'))
    .description('end a pause')
    .argument('[campaign]', 'its name; not needed where there is only one')
    .action((name: string | undefined, options: ClusterOptions) => resume(name, options, io));

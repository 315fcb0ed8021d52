/** `kubectl voucher why`: why a tier has so many replicas, now or at a time in the past. */

import { Command } from 'commander';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { tiersOf } from '../../contract/tiers.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { SCALED_TIERS, type ScaledTier } from '../../operator/tick/observed.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneOf } from '../options.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { parsePast, zoneOf } from '../times.ts';
import { logBegins, type Story, storyJson, storyOf, storyText } from './why-words.ts';

interface Options extends ClusterOptions {
  readonly tier?: ScaledTier;
  readonly at?: string;
  readonly output: Output;
}

/** Kubernetes forgets events after an hour, and not everybody may read them: they only round the story off. */
const eventsOf = (cluster: Cluster, campaign: VoucherCampaign): ReturnType<Cluster['events']> =>
  cluster.events(campaign).catch((error: unknown) => {
    if (isKubeError(error, 'forbidden')) return [];
    throw error;
  });

const read = async (cluster: Cluster, name: string | undefined, options: Options, nowMs: number): Promise<Story> => {
  const campaign = await cluster.campaign(name);
  const zone = zoneOf(campaign.spec.window.opensAt);
  const atMs = options.at === undefined ? nowMs : parsePast(options.at, zone, nowMs);
  const [decisions, plans, events] = await Promise.all([
    cluster.decisions(campaign),
    cluster.plans(campaign),
    eventsOf(cluster, campaign),
  ]);
  if (decisions === undefined) {
    throw new UsageError(
      `no decision on ${campaign.metadata.name} has been kept yet: is the operator running, and of a version that keeps them? \`kubectl voucher status\` tells what is so now`,
    );
  }
  const tiers = options.tier === undefined ? tiersOf(campaign.spec) : [options.tier];
  const story = storyOf({
    campaign,
    decisions,
    plans,
    events,
    tiers,
    options,
    zone,
    nowMs,
    atMs,
    isNow: options.at === undefined,
  });
  if (story.tiers.every(({ decision }) => decision === undefined)) throw new UsageError(logBegins(story));
  return story;
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const story = await onCluster(options, io, (cluster) => read(cluster, name, options, io.wallMs()));
  io.out(forPrograms(options.output, storyJson(story)) ?? storyText(story));
};

export const whyCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('why')))
    .description('why there are so many replicas, now or at a time in the past')
    .argument('[campaign]', 'its name; not needed where there is only one')
    .option('--tier <name>', SCALED_TIERS.join(' | '), oneOf(SCALED_TIERS, 'tier'))
    .option('--at <time>', 'an instant, a time of the campaign’s day such as 20:00:04, or how long ago: 15m')
    .addHelpText('after', '\nExample:\n  kubectl voucher why spring-2027 -n vouchers --tier intake --at 20:00:04')
    .action((name: string | undefined, options: Options) => run(name, options, io));

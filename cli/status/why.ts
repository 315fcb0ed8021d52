/** `kubectl voucher why`: why a tier has so many replicas, now or at a time in the past. */
import { Command } from 'commander';
import { TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneOf } from '../options.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { parsePast, zoneOf } from '../times.ts';
import { listed } from '../words.ts';
import { logBegins, type Story, storyJson, storyOf, storyText } from './why-words.ts';

interface Options extends ClusterOptions {
  readonly tier?: Tier;
  readonly at?: string;
  readonly output: Output;
}

/** Kubernetes deletes events after an hour, and not every user may read them: they are optional. */
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
      `there is no decision on ${campaign.metadata.name} yet: is the operator running, and new enough to keep them? \`kubectl voucher status\` shows the present state`,
    );
  }
  const all = tiersOf(campaign.spec);
  const tiers = all.filter((tier) => options.tier === undefined || options.tier === tier);
  if (tiers.length === 0) {
    throw new UsageError(`${campaign.metadata.name} has no tier ${options.tier}; it has ${listed(all)}`);
  }
  const isNow = options.at === undefined;
  const story = storyOf({ campaign, decisions, plans, events, tiers, options, zone, nowMs, atMs, isNow });
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
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--tier <name>', TIERS.join(' | '), oneOf(TIERS, 'tier'))
    .option('--at <time>', 'an instant, a time of the campaign’s day such as 20:00:04, or an age such as 15m')
    .addHelpText('after', '\nExample:\n  kubectl voucher why spring-2027 -n vouchers --tier intake --at 20:00:04')
    .action((name: string | undefined, options: Options) => run(name, options, io));

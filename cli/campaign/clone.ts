/** `kubectl voucher campaign clone`: the next campaign from an earlier one, as YAML. It applies nothing. */
import { Command } from 'commander';
import { defined } from '../../contract/defined.ts';
import { perTier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { parseMemory } from '../../operator/tick/scaler-memory.ts';
import { parseCampaign } from '../campaign-file.ts';
import { type ClusterOptions, type Decisions, onCluster, withClusterOptions } from '../cluster.ts';
import type { Io } from '../io.ts';
import { cloneText, type Measured, shiftOf } from './clone-words.ts';

interface Options extends ClusterOptions {
  readonly as: string;
  readonly shift: string;
}

/** The log keeps the decisions that changed something, and the last ten minutes: a lower bound of the peak. */
const measuredIn = ({ status }: VoucherCampaign, decisions: Decisions | undefined): Measured => {
  const memory = parseMemory(status?.scaler);
  const arrivals = [
    ...(decisions?.intake ?? []).flatMap(({ evidence }) => evidence?.arrivalsPerSecond ?? []),
    ...(decisions?.recent ?? []).flatMap(({ arrivalsPerSecond }) => arrivalsPerSecond ?? []),
  ];
  return {
    tiers: perTier((tier) =>
      defined({
        capacityPerReplica: memory?.[tier].capacityPerReplica,
        startSeconds: memory?.[tier].startSeconds,
      }),
    ),
    ...defined({ peakPerSecond: Math.max(0, ...arrivals) || undefined }),
  };
};

const clone = async (name: string, { as, shift, ...options }: Options, io: Io): Promise<void> => {
  const shiftMs = shiftOf(shift);
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    // Without permission for ConfigMaps the peak is unknown.
    const decisions = await cluster.decisions(campaign).catch(() => undefined);
    return cloneText(campaign, { as, shiftMs, measured: measuredIn(campaign, decisions) });
  });
  await parseCampaign(text, as);
  io.out(text);
};

export const campaignCommand = (io: Io): Command =>
  new Command('campaign').description('make the next campaign from an earlier one').addCommand(
    withClusterOptions(new Command('clone'))
      .description(
        'print a new campaign: dates moved, measured figures as estimates, lines to confirm; applies nothing',
      )
      .argument('<campaign>', 'name of the earlier campaign')
      .requiredOption('--as <name>', 'name and campaignId of the new one')
      .requiredOption('--shift <duration>', 'by how much all dates move, such as 365d')
      .addHelpText(
        'after',
        '\nExample:\n  kubectl voucher campaign clone spring-2027 -n vouchers --as autumn-2027 --shift 184d > autumn-2027.yaml',
      )
      .action((name: string, options: Options) => clone(name, options, io)),
  );

/** `kubectl voucher channel`: stops and resumes issuance through one channel. */
import { Command } from 'commander';
import type { Channel } from '../../contract/envelope.ts';
import { channelStopAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { channelStopText } from '../../operator/issuance/commands.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UNCONFIRMED } from '../contingency/contingency.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { annotated } from '../privacy/erase.ts';
import { columns } from '../words.ts';
import { channelRows } from './issuance-words.ts';

interface ListOptions extends ClusterOptions {
  readonly output: Output;
}
interface StopOptions extends ClusterOptions {
  readonly reason: string;
}

/** If the campaign has only one channel, that one. @throws UsageError that lists the channels */
const channelOf = ({ metadata: { name: called }, spec }: VoucherCampaign, name: string | undefined): Channel => {
  const channels = (spec.issuance?.channels ?? []).map((one) => one.name);
  const [only, ...others] = channels;
  if (only === undefined) throw new UsageError(`campaign ${called} has no channels (spec.issuance)`);
  if (name === undefined && others.length === 0) return only;
  const found = channels.find((one) => one === name);
  if (found !== undefined) return found;
  const there = channels.map((one) => `  ${one}`).join('\n');
  throw new UsageError(
    name === undefined
      ? `campaign ${called} has several channels; name one of\n${there}`
      : `campaign ${called} has no channel ${name}; existing ones:\n${there}`,
  );
};

const stateOf = ({ status }: VoucherCampaign, channel: Channel): string | undefined =>
  status?.issuance?.channels?.find((one) => one.channel === channel)?.state;

const stop = async (
  [name, given]: readonly [string, string | undefined],
  options: StopOptions,
  io: Io,
): Promise<void> => {
  const reason = options.reason.trim();
  if (reason === '') throw new UsageError('--reason is empty: write why, for the record');
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const channel = channelOf(campaign, given);
    const key = channelStopAnnotation(channel);
    await annotated(cluster, campaign, key, channelStopText(await cluster.whoAmI(), reason));
    const seen = await cluster.awaitStatus(campaign, (one) => stateOf(one, channel) === 'Stopped');
    const state =
      seen === undefined
        ? `${channel} was stopped, but ${UNCONFIRMED}`
        : `${channel} is stopped. Within 5 s no pod sends it a request for a voucher. Waiting requests are kept.`;
    return `${name}: ${state}\nTo resume it: kubectl voucher channel resume ${name} ${channel} -n ${cluster.namespace}\n`;
  });
  io.out(text);
};

const resume = async (
  [name, given]: readonly [string, string | undefined],
  options: ClusterOptions,
  io: Io,
): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const channel = channelOf(campaign, given);
    const key = channelStopAnnotation(channel);
    if (campaign.metadata.annotations?.[key] === undefined)
      return stateOf(campaign, channel) === 'SettingsDiffer'
        ? `${name}: no person has stopped ${channel}: its stock differs from spec.vouchers. The operator resumes it by itself when they agree.\n`
        : `${name}: no person has stopped ${channel}.\n`;
    await annotated(cluster, campaign, key, undefined);
    const seen = await cluster.awaitStatus(campaign, (one) => stateOf(one, channel) !== 'Stopped');
    return seen === undefined
      ? `${name}: ${channel} was resumed, but ${UNCONFIRMED}\n`
      : `${name}: ${channel} is no longer stopped.\n`;
  });
  io.out(text);
};

const list = async (name: string | undefined, options: ListOptions, io: Io): Promise<void> => {
  const campaign = await onCluster(options, io, (cluster) => cluster.campaign(name));
  const titles = ['CHANNEL', 'ISSUED', 'UNDER WAY', 'FAILED', 'DONE BY', 'STATE'];
  const rows = channelRows(campaign, io.wallMs());
  const text =
    rows.length === 0 ? `${campaign.metadata.name} has no channels (spec.issuance).\n` : columns([titles, ...rows]);
  io.out(forPrograms(options.output, campaign.status?.issuance?.channels ?? []) ?? text);
};

const onChannel = (command: Command): Command =>
  withClusterOptions(command)
    .argument('<campaign>', 'name of the campaign')
    .argument('[channel]', 'wechat, alipay or unionpay; optional if the campaign has one');

export const channelCommand = (io: Io): Command =>
  new Command('channel')
    .description('channels of issuance; stop one, or resume it')
    .addCommand(
      withOutput(withClusterOptions(new Command('list')))
        .description('the channels of a campaign, and which are stopped')
        .addHelpText('after', '\nExample:\n  kubectl voucher channel list spring-2027 -n vouchers')
        .argument('[campaign]', 'name of the campaign; optional if there is only one')
        .action((name: string | undefined, options: ListOptions) => list(name, options, io)),
      { isDefault: true },
    )
    .addCommand(
      onChannel(new Command('stop'))
        .description(
          'stop issuance through a channel within 5 s; waiting requests are kept, and the other channels continue',
        )
        .addHelpText(
          'after',
          '\nExample:\n  kubectl voucher channel stop spring-2027 wechat -n vouchers --reason "the stock has the wrong scope"',
        )
        .requiredOption('--reason <text>', 'why, for the record')
        .action((name: string, channel: string | undefined, options: StopOptions) =>
          stop([name, channel], options, io),
        ),
    )
    .addCommand(
      onChannel(new Command('resume'))
        .description('resume a channel that a person has stopped')
        .addHelpText('after', '\nExample:\n  kubectl voucher channel resume spring-2027 wechat -n vouchers')
        .action((name: string, channel: string | undefined, options: ClusterOptions) =>
          resume([name, channel], options, io),
        ),
    );

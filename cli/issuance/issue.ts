/** `kubectl voucher issue`: starts issuance of the vouchers, and shows its progress. */
import { Command } from 'commander';
import { ISSUE_START } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { issueStartText } from '../../operator/issuance/commands.ts';
import { unboundCommand } from '../books/unbound.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { annotated } from '../privacy/erase.ts';
import { count } from '../words.ts';
import { issuedCondition, issueText } from './issuance-words.ts';

interface ShowOptions extends ClusterOptions {
  readonly output: Output;
}

/** What the start fixes, and its highest possible cost. */
export const termsText = ({ spec, status }: VoucherCampaign): string => {
  const winnersOf = (voucher: string): number | undefined =>
    status?.draw?.results?.find((one) => one.voucher === voucher)?.winners;
  const vouchers = spec.vouchers.map(({ name, faceValueFen, quota }) => {
    const winners = winnersOf(name) ?? quota;
    return `  ${name}: ${count(winners)} vouchers of CNY ${(faceValueFen / 100).toFixed(2)}, CNY ${count((winners * faceValueFen) / 100)} in all\n`;
  });
  const channels = (spec.issuance?.channels ?? []).map(
    ({ name, merchant, stocks }) =>
      `  ${name}: merchant ${merchant}, ${stocks.map(({ voucher, stock }) => `${voucher} is ${stock}`).join(', ')}\n`,
  );
  return [...vouchers, ...channels].join('');
};

const start = async (name: string | undefined, options: ClusterOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const { name: called } = campaign.metadata;
    if (campaign.spec.issuance === undefined)
      throw new UsageError(`campaign ${called} issues no vouchers: state spec.issuance first (docs/vouchers.md)`);
    const { issuance } = campaign.status ?? {};
    if (issuance?.startedAt !== undefined)
      return `${called}: ${issuance.startedBy ?? 'an owner'} started issuance at ${issuance.startedAt}.\n`;
    const condition = issuedCondition(campaign);
    if (condition?.reason === 'NotDrawn' || condition?.reason === 'SettingsDiffer')
      throw new UsageError(`issuance of ${called} can't start: ${condition.message}`);
    const result = campaign.status?.draw?.result;
    if (result === undefined)
      throw new UsageError(`issuance of ${called} can't start: the result of the draw is not in the status yet`);
    await annotated(cluster, campaign, ISSUE_START, issueStartText(await cluster.whoAmI(), result));
    const seen = await cluster.awaitStatus(campaign, ({ status }) => status?.issuance?.startedAt !== undefined);
    const now = seen ?? (await cluster.campaign(called));
    const state =
      seen === undefined
        ? (issuedCondition(now)?.message ?? 'the operator has not confirmed it yet')
        : 'issuance has started.';
    const more =
      seen === undefined
        ? `\nTo see when it has started: kubectl voucher issue show ${called} -n ${cluster.namespace}`
        : '';
    return `${called}: you have authorised issuance for the result ${result}; ${state}${more}\n${termsText(campaign)}`;
  });
  io.out(text);
};

const show = async (name: string | undefined, options: ShowOptions, io: Io): Promise<void> => {
  const campaign = await onCluster(options, io, (cluster) => cluster.campaign(name));
  io.out(forPrograms(options.output, campaign.status?.issuance ?? null) ?? issueText(campaign, io.wallMs()));
};

export const issueCommand = (io: Io): Command =>
  new Command('issue')
    .description('issuance of the vouchers: start it, or show its progress')
    .addCommand(
      withOutput(withClusterOptions(new Command('show')))
        .description('vouchers issued, under way and failed, by channel')
        .addHelpText('after', '\nExample:\n  kubectl voucher issue show spring-2027 -n vouchers')
        .argument('[campaign]', 'name of the campaign; optional if there is only one')
        .action((name: string | undefined, options: ShowOptions) => show(name, options, io)),
      { isDefault: true },
    )
    .addCommand(
      withClusterOptions(new Command('start'))
        .description(
          'start issuance, so that winners get vouchers; it cannot be taken back; you need the verb authorize on vouchercampaigns',
        )
        .addHelpText('after', '\nExample:\n  kubectl voucher issue start spring-2027 -n vouchers')
        .argument('[campaign]', 'name of the campaign; optional if there is only one')
        .action((name: string | undefined, options: ClusterOptions) => start(name, options, io)),
    )
    .addCommand(unboundCommand(io));

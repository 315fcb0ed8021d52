/** `kubectl voucher draw promote`: a winner does not take the voucher, and the next on the waiting list moves up. */
import { Command } from 'commander';
import { normalReceipt } from '../../app/core/normal-form.ts';
import { isReceiptNo } from '../../app/core/receipt.ts';
import { promoteAnnotation } from '../../contract/names.ts';
import { promoteText } from '../../operator/draw/commands.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { annotate, assertDraws } from './commands.ts';

interface Options extends ClusterOptions {
  readonly receipt?: string;
  readonly reason: string;
}

const MOST_REASON = 400;

/** @throws UsageError */
const fallsOf = (entry: string | undefined, receipt: string | undefined): string => {
  if ((entry === undefined) === (receipt === undefined))
    throw new UsageError('state who does not take the voucher: an entry of the draw, or --receipt');
  if (receipt !== undefined) {
    const no = normalReceipt(receipt.trim());
    if (!isReceiptNo(no)) throw new UsageError('--receipt is not a receipt number: it has 26 letters and digits');
    return no;
  }
  if (!/^[0-9a-f]{64}$/.test(entry ?? ''))
    throw new UsageError(
      'the entry is not valid: write its 64 hexadecimal digits, as kubectl voucher draw check prints them',
    );
  return entry ?? '';
};

/** @throws UsageError */
const reasonOf = ({ reason }: Options): string => {
  const text = reason.trim();
  if (text === '' || text.length > MOST_REASON || /\p{Cc}/u.test(text))
    throw new UsageError(`--reason must have 1 to ${MOST_REASON} characters in one line, and no personal data`);
  return text;
};

const promote = async (name: string, entry: string | undefined, options: Options, io: Io): Promise<void> => {
  const falls = fallsOf(entry, options.receipt);
  const reason = reasonOf(options);
  const said = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    assertDraws(campaign);
    const { result, announced } = campaign.status?.draw ?? {};
    if (result === undefined || announced !== true)
      throw new UsageError('the result of the draw is not announced yet, so there is no waiting list');
    const user = await cluster.whoAmI();
    const at = new Date(io.wallMs()).toISOString();
    await annotate(cluster, campaign, promoteAnnotation(falls), promoteText(user, at, result, reason));
    return `${name}: you have ordered that the next on the waiting list moves up. A Job checks that the winner can get no voucher any more, and carries the order out or declines it. To see the result: kubectl voucher draw show ${name} -n ${cluster.namespace}\n`;
  });
  io.out(said);
};

export const promoteCommand = (io: Io): Command =>
  withClusterOptions(new Command('promote'))
    .description(
      'replace a winner who does not take the voucher by the next on the waiting list; you need the verb authorize on vouchercampaigns',
    )
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher draw promote spring-2027 --receipt 3F7K9M2Q5R8T1V4W6X0Y2Z3A4B --reason "no account bound in time" -n vouchers',
    )
    .argument('<campaign>', 'name of the campaign')
    .argument('[entry]', 'entry of the winner, 64 hexadecimal digits')
    .option('--receipt <number>', 'receipt number of the winner, in place of the entry')
    .requiredOption('--reason <text>', 'why; it is stored for good, so write no personal data')
    .action((name: string, entry: string | undefined, options: Options) => promote(name, entry, options, io));

/** `kubectl voucher consistency`: whether journal and database agree, and which rows differ. */
import { Command } from 'commander';
import { type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { createCluster } from '../cluster.ts';
import { NotWellError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { consistencyOf, consistencyText, differencesText } from './consistency-words.ts';
import { readDifferences } from './differences.ts';

interface Options extends ClusterOptions {
  readonly list?: true;
  readonly output: Output;
}

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const { text, differs } = await onApi(options, io, async (api) => {
    const campaign = await createCluster(api, new AbortController().signal).campaign(name);
    const condition = consistencyOf(campaign);
    const report = options.list === true ? await readDifferences(api, campaign.metadata) : undefined;
    const { status, reason, message } = condition;
    const value = { campaign: campaign.metadata.name, status, reason, message, ...report };
    const lines = consistencyText(campaign, condition) + (report === undefined ? '' : `\n${differencesText(report)}`);
    return {
      text: forPrograms(options.output, value) ?? lines,
      differs: status === 'False' || (report?.rows ?? 0) > 0,
    };
  });
  io.out(text);
  if (differs) throw new NotWellError();
};

export const consistencyCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('consistency')))
    .description('whether the database matches the journal; exit code 1 when rows differ')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--list', 'list the first 100 rows that differ: bucket, table, receipt and column, never a value')
    .addHelpText('after', '\nExample:\n  kubectl voucher consistency --list spring-2027 -n vouchers')
    .action((name: string | undefined, options: Options) => run(name, options, io));

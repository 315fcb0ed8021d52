/** `kubectl voucher issue unbound`: how many winners have bound no account. */
import { Command } from 'commander';
import { type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { reconciled } from './books-job.ts';
import { unboundText } from './reconcile-words.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
}

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const { campaign, report } = await onApi(options, io, (api) => reconciled(api, name, 0, io));
  const vouchers = report.vouchers.map(({ voucher, winners, unbound }) => ({ voucher, winners, unbound }));
  const value = { campaign: campaign.metadata.name, at: report.to, vouchers };
  io.out(forPrograms(options.output, value) ?? unboundText(campaign.metadata.name, report));
};

export const unboundCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('unbound')))
    .description('count winners without an account, by voucher; a Job reads the journal for it')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .addHelpText('after', '\nExample:\n  kubectl voucher issue unbound spring-2027 -n vouchers')
    .action((name: string | undefined, options: Options) => run(name, options, io));

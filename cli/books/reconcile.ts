/** `kubectl voucher reconcile`: whether winners, requests and the channels' vouchers agree, and which do not. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { type AskedRequests, isBalanced } from '../../contract/outside/reconcile.ts';
import { type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { NotWellError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { reconciled } from './books-job.ts';
import { reconcileFiles, reconcileText } from './reconcile-words.ts';

interface Options extends ClusterOptions {
  readonly sample?: string;
  readonly complete?: true;
  readonly dir?: string;
  readonly output: Output;
}

const BY_DEFAULT = 1_000;

/** @throws UsageError */
const requestsOf = ({ sample, complete }: Options): AskedRequests => {
  if (sample !== undefined && complete === true) throw new UsageError('state --sample or --complete, not both');
  if (complete === true) return 'all';
  if (sample === undefined) return BY_DEFAULT;
  if (!/^\d{1,8}$/.test(sample))
    throw new UsageError('--sample must be a number of requests, such as 1000; 0 asks no channel');
  return Number(sample);
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const requests = requestsOf(options);
  const { campaign, report } = await onApi(options, io, (api) => reconciled(api, name, requests, io));
  const text = reconcileText(campaign.metadata.name, report);
  if (options.dir !== undefined) {
    await mkdir(options.dir, { recursive: true });
    const files = { 'report.md': text, ...reconcileFiles(report) };
    for (const [file, content] of Object.entries(files)) await writeFile(join(options.dir, file), content);
  }
  io.out(forPrograms(options.output, report) ?? text);
  if (!isBalanced(report)) throw new NotWellError();
};

export const reconcileCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('reconcile')))
    .description('compare winners and vouchers with the channels; exit code 1 when they differ')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option(
      '--sample <requests>',
      `ask the channels for so many requests, at random; default ${BY_DEFAULT}, and 0 asks none`,
    )
    .option('--complete', 'ask the channels for every request, which takes hours for a million')
    .option('--dir <folder>', 'write the report there too: report.md and CSV files')
    .addHelpText('after', '\nExample:\n  kubectl voucher reconcile spring-2027 -n vouchers --complete --dir report')
    .action((name: string | undefined, options: Options) => run(name, options, io));

/** `kubectl voucher draw check`: one receipt in a bundle. No cluster needed. */
import { Command } from 'commander';
import { normalReceipt } from '../../app/core/normal-form.ts';
import { checkReceipt } from '../../app/draw/bundle/check.ts';
import { BundleFault } from '../../app/draw/bundle/read.ts';
import { NotWellError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { readLine } from './draw-files.ts';
import { checkJson, checkText, wrongJson, wrongText } from './draw-words.ts';
import { assertFolder, signalOf } from './verify.ts';

interface Options {
  readonly bundle: string;
  readonly receipt: string;
  readonly secret?: string;
  readonly secretFile?: string;
  readonly output: Output;
}

const secretOf = async ({ secret, secretFile }: Options): Promise<string> => {
  if ((secret === undefined) === (secretFile === undefined))
    throw new UsageError('state the secret of the receipt, by --secret or by --secret-file');
  const text = secret ?? (await readLine(secretFile ?? '-', '--secret-file'));
  if (text.trim() === '') throw new UsageError('the secret is empty: copy it from the receipt');
  return text.trim();
};

const run = async (options: Options, io: Io): Promise<void> => {
  await assertFolder(options.bundle, '--bundle');
  const receipt = { no: options.receipt.trim(), secret: await secretOf(options) };
  try {
    const exact = await checkReceipt(options.bundle, receipt, signalOf(io));
    // As people copy it by hand: the product issues both in one form. A list of others may have them in any.
    const issued = { no: normalReceipt(receipt.no), secret: normalReceipt(receipt.secret) };
    const check = exact.place === undefined ? await checkReceipt(options.bundle, issued, signalOf(io)) : exact;
    io.out(forPrograms(options.output, checkJson(check)) ?? checkText(check));
    if (check.place === undefined) throw new NotWellError();
  } catch (error) {
    if (!(error instanceof BundleFault)) throw error;
    io.out(forPrograms(options.output, wrongJson(error.fault)) ?? wrongText(error.fault));
    throw new NotWellError();
  }
};

export const checkCommand = (io: Io): Command =>
  withOutput(new Command('check'))
    .description('the result of one receipt in the bundle of a draw; exit code 1 if it is in no list')
    .requiredOption('--bundle <folder>', 'the bundle')
    .requiredOption('--receipt <number>', 'number of the receipt')
    .option('--secret <secret>', 'secret of the receipt; it stays in the history of the shell')
    .option('--secret-file <file>', 'file with the secret; - for the standard input')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher draw check --bundle bundle --receipt 3F7K9M2Q5R8T1V4W6X0Y2Z3A4B --secret-file secret.txt',
    )
    .action((options: Options) => run(options, io));

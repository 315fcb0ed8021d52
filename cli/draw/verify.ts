/** `kubectl voucher draw verify`: a bundle, computed again. No cluster needed. */
import { stat } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { verifyBundle } from '../../app/draw/bundle/verify.ts';
import { drandChains } from '../../app/draw/sources/drand.ts';
import { defined } from '../../contract/defined.ts';
import { NotWellError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { readChain } from './draw-files.ts';
import { verifiedJson, verifiedText, wrongJson, wrongText } from './draw-words.ts';

interface Options {
  readonly dir: string;
  readonly output: Output;
  readonly publishedCommitment?: string;
  readonly publishedResult?: string;
  readonly drandChain: readonly string[];
}

const digest = (text: string): string => {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new InvalidArgumentError('Write the 64 hexadecimal digits that were published.');
  return text;
};

export const signalOf = (io: Io): AbortSignal => io.interrupted ?? new AbortController().signal;

/** @throws UsageError */
export const assertFolder = async (path: string, option: string): Promise<void> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new UsageError(`${option} ${path} is no folder: name the folder of a bundle`);
};

const run = async (options: Options, io: Io): Promise<void> => {
  await assertFolder(options.dir, '--dir');
  const chains = drandChains(...(await Promise.all(options.drandChain.map(readChain))));
  const published = defined({ commitment: options.publishedCommitment, result: options.publishedResult });
  const verified = await verifyBundle(options.dir, chains, published, signalOf(io));
  if (verified.kind === 'wrong') {
    io.out(forPrograms(options.output, wrongJson(verified.fault)) ?? wrongText(verified.fault));
    throw new NotWellError();
  }
  const { documents } = verified;
  io.out(forPrograms(options.output, verifiedJson(documents)) ?? verifiedText(documents));
};

export const verifyCommand = (io: Io): Command =>
  withOutput(new Command('verify'))
    .description('verify the bundle of a draw: everything is computed again; exit code 1 names the first fault')
    .requiredOption('--dir <folder>', 'the bundle')
    .option('--published-commitment <hash>', 'SHA-256 of commitment.json that was published before the draw', digest)
    .option('--published-result <hash>', 'SHA-256 of result.json that was published', digest)
    .option(
      '--drand-chain <file>',
      'for rehearsals: the info of another drand chain than quicknet; may be repeated',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .addHelpText('after', '\nExample:\n  kubectl voucher draw verify --dir bundle')
    .action((options: Options) => run(options, io));

/** `kubectl voucher draw run`: draws from a list and given bytes, and writes the bundle. No cluster needed. */
import { hash } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { openBundle } from '../../app/draw/bundle/write.ts';
import { digestOf } from '../../app/draw/canonical.ts';
import {
  bytesOf,
  commitmentOf,
  resultOf,
  sourcesOf,
  type VoucherList,
  voucherResult,
} from '../../app/draw/documents.ts';
import { drawVoucher, firstUnsorted } from '../../app/draw/draw.ts';
import { ENTRY_BYTES } from '../../app/draw/entry.ts';
import { merkleRoot } from '../../app/draw/merkle.ts';
import { MOST_ENTRIES, MOST_SOURCE_BYTES, MOST_SOURCES } from '../../contract/decisions/draw-schema.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { columns } from '../words.ts';
import { readBytes } from './draw-files.ts';
import { filesOf } from './draw-words.ts';

interface Options {
  readonly entries: string;
  readonly winners: number;
  readonly waitlist: number;
  readonly source: readonly string[];
  readonly campaignUid: string;
  readonly voucher: string;
  readonly out: string;
  readonly output: Output;
}

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 0 on.');
  return Number(text);
};

const sources = (text: string, before: readonly string[] = []): readonly string[] => {
  const hex = text.toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(hex) || hex.length > 2 * MOST_SOURCE_BYTES)
    throw new InvalidArgumentError(`Write two hexadecimal digits for each byte, at most ${MOST_SOURCE_BYTES} bytes.`);
  if (before.length === MOST_SOURCES) throw new InvalidArgumentError(`At most ${MOST_SOURCES} sources are valid.`);
  return [...before, hex];
};

const pattern =
  (valid: RegExp, remedy: string) =>
  (text: string): string => {
    if (!valid.test(text)) throw new InvalidArgumentError(remedy);
    return text;
  };

/** @throws UsageError that names the byte */
const readList = async (path: string): Promise<Buffer> => {
  const entries = await readBytes(path, '--entries');
  const n = entries.length / ENTRY_BYTES;
  if (!Number.isInteger(n) || n > MOST_ENTRIES)
    throw new UsageError(`--entries ${path} has ${entries.length} bytes: write ${ENTRY_BYTES} for each entry`);
  const wrong = firstUnsorted(entries);
  if (wrong !== undefined)
    throw new UsageError(
      `--entries ${path}, byte ${wrong}: the entry is not above the one before: sort the entries by their bytes, each once`,
    );
  return entries;
};

const run = async (options: Options, io: Io): Promise<void> => {
  const { voucher, winners: quota, waitlist, campaignUid } = options;
  const entries = await readList(options.entries);
  const [n, listDigest, root] = [entries.length / ENTRY_BYTES, hash('sha256', entries), merkleRoot(entries)];
  const list: VoucherList = { voucher, n, quota, waitlist, listDigest, merkleRoot: root };
  const names = options.source.map((_, index) => `source-${index + 1}`);
  const rules = names.map((name) => ({ name, type: 'Bytes' as const, description: 'given to draw run' }));
  // No draw of a campaign: the same call gives the same bundle, whenever it is made.
  const terms = { campaignUid, attempt: 1, notBefore: '1970-01-01T00:00:00Z', postponeAt: '9999-12-31T23:59:59Z' };
  const commitment = commitmentOf({ ...terms, sources: rules }, [list]);
  const values = names.map((name, index) => ({ name, hex: options.source[index] ?? '' }));
  const given = sourcesOf(commitment, values);
  const bundle = await openBundle(options.out);
  try {
    const drawing = drawVoucher({ entries, k: quota, waitlist, listDigest, sources: bytesOf(values) });
    await bundle.voucher({ voucher, entries, ...drawing });
    const result = resultOf(commitment, given, [voucherResult(voucher, drawing)]);
    await bundle.end({ commitment, sources: given, result });
    const { seed, cutoff, winners, waitlisted, resultDigest } = drawing;
    const digests = { commitment: digestOf(commitment), sources: digestOf(given), result: digestOf(result) };
    const shown = { listDigest, seed, cutoff, merkleRoot: root, resultDigest, winners, waitlisted, entries: n };
    const files = filesOf(digests);
    const rows = Object.entries({ ...shown, ...files }).map(([name, value]) => [
      name,
      value === '' ? 'none' : String(value),
    ]);
    io.out(forPrograms(options.output, { ...shown, files }) ?? `${columns(rows)}The bundle is in ${options.out}.\n`);
  } catch (error) {
    await bundle.abort();
    throw error;
  }
};

export const runCommand = (io: Io): Command =>
  withOutput(new Command('run'))
    .description(
      'draw from a file of entries and given bytes, and write the bundle; the same call gives the same result',
    )
    .requiredOption(
      '--entries <file>',
      `entries of ${ENTRY_BYTES} bytes, sorted by their bytes, each once (entries.bin)`,
    )
    .requiredOption('--winners <k>', 'number of winners; all win where there are fewer entries', whole)
    .option('--waitlist <n>', 'number of places on the waiting list', whole, 0)
    .requiredOption('--source <hex>', 'bytes of one source; repeat it for more, in their order', sources)
    .requiredOption(
      '--campaign-uid <uid>',
      'campaign; it is part of the commitment, and of each entry',
      pattern(/^.{1,63}$/, 'Write 1 to 63 characters.'),
    )
    .option(
      '--voucher <name>',
      'name of the voucher, and of its folder in the bundle',
      pattern(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, 'Write lower-case letters, digits and "-", at most 40.'),
      'voucher',
    )
    .requiredOption('--out <folder>', 'where the bundle is written')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher draw run --entries entries.bin --winners 5 --source 00ff --campaign-uid spring-2027 --out bundle',
    )
    .action((options: Options) => run(options, io));

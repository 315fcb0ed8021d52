/** Reads a bundle that anyone may have made or changed: every file has a bound, and every fault names its file. */
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Commitment, Result, Sources } from '../../../contract/decisions/draw.ts';
import { parseJson } from '../../../contract/untrusted.ts';
import { canonicalJson, digestOf } from '../canonical.ts';
import { codeOf } from '../error-code.ts';
import { type BinaryFile, binaryPath, JSON_SCHEMAS, type JsonFile } from './files.ts';

/** The first thing that is wrong with a bundle. */
export interface Fault {
  /** Path within the bundle. */
  readonly file: string;
  /** Byte of the file where it begins, where that is known. */
  readonly offset?: number;
  readonly problem: string;
}

export class BundleFault extends Error {
  override readonly name = 'BundleFault';
  readonly fault: Fault;
  constructor(file: string, problem: string, offset?: number) {
    super(`${file}${offset === undefined ? '' : `, byte ${offset}`}: ${problem}`);
    this.fault = { file, problem, ...(offset === undefined ? {} : { offset }) };
  }
}

/** Of one JSON file: a thousand vouchers have 300 kB. */
const MOST_JSON_BYTES = 4 * 2 ** 20;

/** Undefined: they are equal. */
export const firstDifference = (one: Uint8Array, other: Uint8Array): number | undefined => {
  const common = Math.min(one.length, other.length);
  if (Buffer.compare(one.subarray(0, common), other.subarray(0, common)) !== 0) {
    for (let at = 0; at < common; at += 1) if (one[at] !== other[at]) return at;
  }
  return one.length === other.length ? undefined : common;
};

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');

const sizeOf = async (dir: string, file: string): Promise<number> => {
  try {
    const found = await stat(join(dir, file));
    if (!found.isFile()) throw new BundleFault(file, 'it is not a file');
    return found.size;
  } catch (error) {
    if (isMissing(error)) throw new BundleFault(file, 'the file is missing');
    throw error;
  }
};

const readJson = async <T>(dir: string, file: JsonFile, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> => {
  if ((await sizeOf(dir, file)) > MOST_JSON_BYTES)
    throw new BundleFault(file, `it has more than ${MOST_JSON_BYTES} bytes`);
  const bytes = await readFile(join(dir, file), { signal });
  const value = parseJson(bytes);
  if (value === undefined) throw new BundleFault(file, 'it is not JSON in UTF-8');
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BundleFault(file, `${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
  }
  const different = firstDifference(bytes, Buffer.from(canonicalJson(parsed.data)));
  if (different !== undefined) throw new BundleFault(file, 'it is not in canonical form', different);
  return parsed.data;
};

export interface Documents {
  readonly commitment: Commitment;
  readonly sources: Sources;
  readonly result: Result;
  /** SHA-256 of each file, hex. */
  readonly digests: { readonly commitment: string; readonly sources: string; readonly result: string };
}

/**
 * Two documents name the commitment's digest, so the one that differs from the other two was changed.
 *
 * | sources.json names it | result.json names it | wrong           |
 * |-----------------------|----------------------|-----------------|
 * | yes                   | no                   | result.json     |
 * | no                    | yes                  | sources.json    |
 * | no                    | no                   | commitment.json |
 */
const assertSameCommitment = ({ sources, result, digests }: Documents): void => {
  const names = [sources.commitment === digests.commitment, result.commitment === digests.commitment];
  if (names.every(Boolean)) return;
  const file = names[0] ? 'result.json' : names[1] ? 'sources.json' : 'commitment.json';
  throw file === 'commitment.json'
    ? new BundleFault(file, `its digest is ${digests.commitment}, but sources.json names ${sources.commitment}`)
    : new BundleFault(file, `commitment: it is not the digest of commitment.json, ${digests.commitment}`);
};

const assertSameDraw = ({ commitment, sources, result }: Documents): void => {
  for (const [file, one] of Object.entries({ 'sources.json': sources, 'result.json': result })) {
    if (one.campaignUid !== commitment.campaignUid)
      throw new BundleFault(file, 'campaignUid: not that of commitment.json');
    if (one.attempt !== commitment.attempt) throw new BundleFault(file, 'attempt: not that of commitment.json');
  }
  const [committed, drawn] = [commitment.vouchers, result.vouchers];
  if (committed.length !== drawn.length || committed.some(({ voucher }, index) => voucher !== drawn[index]?.voucher))
    throw new BundleFault('result.json', 'vouchers: not those of commitment.json, in their order');
};

/** @throws BundleFault also where the three do not belong together */
export const readDocuments = async (dir: string, signal: AbortSignal): Promise<Documents> => {
  const commitment = await readJson(dir, 'commitment.json', JSON_SCHEMAS['commitment.json'], signal);
  const sources = await readJson(dir, 'sources.json', JSON_SCHEMAS['sources.json'], signal);
  const result = await readJson(dir, 'result.json', JSON_SCHEMAS['result.json'], signal);
  const digests = { commitment: digestOf(commitment), sources: digestOf(sources), result: digestOf(result) };
  const documents = { commitment, sources, result, digests };
  assertSameCommitment(documents);
  assertSameDraw(documents);
  return documents;
};

/** @param expected its length @throws BundleFault */
export const readBinary = async (
  dir: string,
  voucher: string,
  file: BinaryFile,
  expected: number,
  signal: AbortSignal,
): Promise<Buffer> => {
  const path = binaryPath(voucher, file);
  const size = await sizeOf(dir, path);
  if (size !== expected) {
    throw new BundleFault(path, `it has ${size} bytes, but ${expected} are expected`, Math.min(size, expected));
  }
  // In a buffer of its own: readFile would take a third more memory while it reads.
  const bytes = Buffer.allocUnsafeSlow(expected);
  const opened = await open(join(dir, path), 'r');
  try {
    for (let at = 0; at < expected; ) {
      signal.throwIfAborted();
      const { bytesRead } = await opened.read(bytes, at, Math.min(expected - at, 2 ** 26), at);
      if (bytesRead === 0) throw new BundleFault(path, 'it became shorter while it was read', at);
      at += bytesRead;
    }
  } finally {
    await opened.close();
  }
  return bytes;
};

/**
 * Writes a bundle as a whole: all files go to a folder beside its place, and one rename puts that folder there. So there is no half
 * bundle at the place, wherever the process or the machine stops. A repeat, or a second Job, that has the same result does nothing.
 *
 * | at the place                   | result                                   |
 * |--------------------------------|------------------------------------------|
 * | nothing                        | the bundle, `written`                    |
 * | a bundle with the same result  | unchanged, `exists`                      |
 * | anything else                  | unchanged, an error                      |
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Commitment, Result, Sources } from '../../../contract/decisions/draw.ts';
import { canonicalJson } from '../canonical.ts';
import type { Drawing } from '../draw.ts';
import { codeOf } from '../error-code.ts';
import type { JsonFile } from './files.ts';

export interface DrawnVoucher extends Pick<Drawing, 'bitmap' | 'waitlist'> {
  readonly voucher: string;
  readonly entries: Uint8Array;
}

export interface BundleWriter {
  /** In any order; returns when the three files are on the disk. */
  voucher(files: DrawnVoucher): Promise<void>;
  /** Puts the bundle at its place. @throws Error when something else is there */
  end(files: {
    readonly commitment: Commitment;
    readonly sources: Sources;
    readonly result: Result;
  }): Promise<'written' | 'exists'>;
  /** Removes what was written; after `end` nothing. */
  abort(): Promise<void>;
}

const LEFT_OVER_AFTER_MS = 3_600_000;

const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** What stopped writers left. One that still writes is younger: 20 million entries take a minute. */
const removeLeftOvers = async (parent: string, prefix: string): Promise<void> => {
  const names = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  for (const path of names.map((name) => join(parent, name))) {
    const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (changedMs < Date.now() - LEFT_OVER_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
};

/** @param dir the bundle's folder; its parent exists, or is made */
export const openBundle = async (dir: string): Promise<BundleWriter> => {
  const place = resolve(dir);
  const [parent, prefix] = [dirname(place), `.${basename(place)}.partial-`];
  const partial = join(parent, `${prefix}${randomUUID()}`);
  await mkdir(partial, { recursive: true });
  await removeLeftOvers(parent, prefix);
  const folders: string[] = [];
  const isSame = async (result: string): Promise<boolean> =>
    (await readFile(join(place, 'result.json'), 'utf8').catch(() => undefined)) === result;
  const abort = (): Promise<void> => rm(partial, { recursive: true, force: true });
  return {
    abort,
    async voucher({ voucher, entries, bitmap, waitlist }) {
      const folder = join(partial, voucher);
      await mkdir(folder);
      await writeDurably(join(folder, 'entries.bin'), entries);
      await writeDurably(join(folder, 'winners.bin'), bitmap);
      await writeDurably(join(folder, 'waitlist.bin'), waitlist);
      folders.push(folder);
    },
    async end({ commitment, sources, result }) {
      const resultText = canonicalJson(result);
      const put = (file: JsonFile, text: string): Promise<void> => writeDurably(join(partial, file), Buffer.from(text));
      try {
        await put('commitment.json', canonicalJson(commitment));
        await put('sources.json', canonicalJson(sources));
        await put('result.json', resultText);
        for (const folder of [...folders, partial]) await syncFolder(folder);
        await rename(partial, place);
        await syncFolder(parent);
      } catch (error) {
        await abort();
        if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
        if (await isSame(resultText)) return 'exists';
        const message = `${dir} has something else than this draw's bundle: remove it, or write to another folder`;
        throw new Error(message, { cause: error });
      }
      return 'written';
    },
  };
};

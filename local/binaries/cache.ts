/** The folder where binaries are kept between runs. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { access, chmod, copyFile, mkdir, open, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

export interface EnsureOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** In the XDG specification an empty or relative base folder counts as not set. */
export const cacheDir = (): string => {
  const base = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'voucher-operator', 'bin');
};

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The first executable of that name on the PATH. */
export const onPath = async (name: string): Promise<string | undefined> => {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, name);
    if (dir !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
};

/** Processors by ELF's `e_machine`. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/**
 * Whether a 64-bit little-endian ELF header describes a complete program for `arch`. Linkers write the section table last,
 * so an incomplete file ends before its end.
 */
export const isWholeElf = (header: Buffer, sizeBytes: number, arch: string = process.arch): boolean => {
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return false;
  const machine = MACHINES[arch];
  if (machine !== undefined && header.readUInt16LE(18) !== machine) return false;
  const sectionsAt = Number(header.readBigUInt64LE(40));
  return sizeBytes >= sectionsAt + header.readUInt16LE(58) * header.readUInt16LE(60);
};

/** Whether the file is a complete executable for this machine. */
export const isWholeProgram = (path: string): boolean => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const { mode, size } = fstatSync(file);
    const header = Buffer.alloc(64);
    return (mode & 0o111) !== 0 && isWholeElf(header.subarray(0, readSync(file, header, 0, 64, 0)), size);
  } finally {
    closeSync(file);
  }
};

/** Puts a file into the cache in one step: other processes see all of it or nothing, also after a power cut. */
export const place = async (from: string, target: string): Promise<void> => {
  const beside = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, beside);
  await chmod(beside, 0o755);
  const file = await open(beside, 'r');
  await file.sync().finally(() => file.close());
  await rename(beside, target);
};

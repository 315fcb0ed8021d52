/** Writes an image only if its inputs have changed since the last time. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { locked } from '../../local/binaries/lock.ts';
import { fullName, type Image, type WrittenImage, writeImage } from './oci.ts';
import type { Entry } from './tar.ts';

const RECORD = z.object({ fingerprint: z.string(), digest: z.string(), sizeBytes: z.number() });

const trace = async (entry: Entry): Promise<unknown> => {
  if (entry.kind !== 'file') return entry.kind === 'text' ? { ...entry, text: `${entry.text}` } : entry;
  const { size, mtimeMs, mode } = await stat(entry.from);
  return { ...entry, size, mtimeMs, executable: (mode & 0o111) !== 0 };
};

/** Compares sizes and times of files instead of their bytes: a touched file only causes an unnecessary write. */
const fingerprintOf = async (image: Image): Promise<string> => {
  const layers = await Promise.all(image.layers.map((entries) => Promise.all(entries.map(trace))));
  return createHash('sha256')
    .update(JSON.stringify({ ...image, layers }))
    .digest('hex');
};

export const ensureImage = async (image: Image, file: string, signal: AbortSignal): Promise<WrittenImage> => {
  await mkdir(dirname(file), { recursive: true });
  const recordFile = `${file}.json`;
  return locked(`${file}.lock`, { signal, onWait: () => undefined }, async () => {
    const fingerprint = await fingerprintOf(image);
    const last = parseUntrusted(RECORD, await readFile(recordFile, 'utf8').catch(() => undefined));
    if (last?.fingerprint === fingerprint && existsSync(file)) {
      return { file, name: fullName(image.name), digest: last.digest, sizeBytes: last.sizeBytes };
    }
    const written = await writeImage(image, file);
    const { digest, sizeBytes } = written;
    await writeFile(`${recordFile}.new`, JSON.stringify({ fingerprint, digest, sizeBytes }));
    await rename(`${recordFile}.new`, recordFile);
    return written;
  });
};

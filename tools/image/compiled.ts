/**
 * The programs as bundled JavaScript, for the images. Without it a process would strip types itself: a slower start, and
 * 10 MiB more memory for each intake (docs/adr/0009, 0014).
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { locked } from '../../local/binaries/lock.ts';
import { run } from '../cluster/run.ts';
import { bundlePrograms } from './bundle.ts';

const PROJECT = 'tsconfig.build.json';
const includes = z.object({ include: z.array(z.string()) });
const DAY_MS = 86_400_000;

const fingerprint = async (root: string): Promise<string> => {
  const hash = createHash('sha256');
  const files = ['package-lock.json', 'tsconfig.json', PROJECT];
  const { include } = includes.parse(JSON.parse(await readFile(join(root, PROJECT), 'utf8')));
  for (const part of include) {
    const all = await readdir(join(root, part), { recursive: true });
    files.push(...all.filter((name) => name.endsWith('.ts')).map((name) => join(part, name)));
  }
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 16);
};

/** Newer ones may be in use by another checkout. */
const removeOld = async (cache: string): Promise<void> => {
  const names = (await readdir(cache)).filter((name) => /^compiled-[0-9a-f]{16}$/.test(name));
  for (const name of names) {
    const { mtimeMs } = await stat(join(cache, name));
    if (mtimeMs < Date.now() - DAY_MS) await rm(join(cache, name), { recursive: true, force: true });
  }
};

/** Returns the folder of the programs; compiles if a source has changed. @throws Error with tsc's message */
export const compiled = async (root: string, cache: string, signal: AbortSignal): Promise<string> => {
  const target = join(cache, `compiled-${await fingerprint(root)}`);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  return locked(join(cache, 'compiled.lock'), { signal, onWait: () => undefined }, async () => {
    if (existsSync(target)) return target;
    await using scratch = await mkdtempDisposable(join(cache, 'compiling-'));
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    await run(tsc, ['-p', join(root, PROJECT), '--outDir', scratch.path], { cwd: root, signal });
    await bundlePrograms(scratch.path, join(root, 'node_modules'));
    await rename(scratch.path, target);
    await removeOld(cache);
    return target;
  });
};

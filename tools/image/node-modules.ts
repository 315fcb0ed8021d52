/** The production half of node_modules, installed once for each lock file. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onPath } from '../../local/binaries/cache.ts';
import { locked } from '../../local/binaries/lock.ts';
import { run } from '../cluster/run.ts';

/** All that npm looks at. */
const INPUTS = ['package.json', 'package-lock.json', '.npmrc'];

/** Answers with the folder. @throws Error with what npm said */
export const productionModules = async (
  root: string,
  cache: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<string> => {
  const hash = createHash('sha256');
  const inputs = INPUTS.filter((file) => existsSync(join(root, file)));
  for (const file of inputs) hash.update(await readFile(join(root, file)));
  const target = join(cache, `node_modules-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  return locked(`${target}.lock`, { signal, onWait: () => undefined }, async () => {
    if (existsSync(target)) return target;
    const npm = await onPath('npm');
    if (npm === undefined)
      throw new Error('no npm on the PATH; the image of the product needs it for its dependencies');
    progress('installing the production dependencies for the image, about 20 s, once for each lock file');
    const scratch = await mkdtemp(join(dirname(target), 'npm-'));
    try {
      for (const file of inputs) await copyFile(join(root, file), join(scratch, file));
      // No scripts: nothing of what production needs is built at install time.
      await run(npm, ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: scratch, signal });
      await rename(join(scratch, 'node_modules'), target);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    return target;
  });
};

/** What no running program reads. Licences stay: they have to travel with the code. */
export const isNotForRunning = (path: string): boolean =>
  path.startsWith('.') ||
  /\.(map|md|markdown|flow|tsbuildinfo)$|\.d\.[cm]?ts$/.test(path) ||
  /(^|\/)\.(github|bin|package-lock\.json)(\/|$)/.test(path);

/** The production part of node_modules, installed once for each lock file. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtempDisposable, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath } from '../../local/binaries/cache.ts';
import { locked } from '../../local/binaries/lock.ts';
import { run } from '../cluster/run.ts';

/** All files that npm reads. */
const INPUTS = ['package.json', 'package-lock.json', '.npmrc'];

/** Returns the folder. @throws Error with npm's message */
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
    if (npm === undefined) throw new Error('no npm on the PATH; it installs the dependencies of the product’s image');
    progress('installing the production dependencies for the image, about 20 s, once for each lock file');
    await using scratch = await mkdtempDisposable(join(cache, 'npm-'));
    const cwd = scratch.path;
    for (const file of inputs) await copyFile(join(root, file), join(cwd, file));
    // No scripts: production dependencies build nothing at install time.
    await run(npm, ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd, signal });
    await rename(join(cwd, 'node_modules'), target);
    return target;
  });
};

/** Files that no running program reads. Licences are kept, because they must be shipped with the code. */
export const isNotForRunning = (path: string): boolean =>
  path.startsWith('.') ||
  /\.(map|md|markdown|flow|tsbuildinfo)$|\.d\.[cm]?ts$/.test(path) ||
  /(^|\/)\.(github|bin|package-lock\.json)(\/|$)/.test(path);

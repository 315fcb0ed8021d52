/**
 * Writes everything that is derived from operator/api/schema.ts. `--check` writes nothing and exits 1 when a file
 * on disk differs, naming it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RESOURCES } from '../operator/api/schema.ts';
import { crdFileName, renderCrd } from './generate/crd.ts';
import { renderTypes } from './generate/types.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Path from the repository's root → content. */
const generatedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...RESOURCES.map((resource) => [join('crds', crdFileName(resource)), renderCrd(resource)] as const),
    [join('operator', 'api', 'types.ts'), renderTypes(RESOURCES)] as const,
  ]);

const contentOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(join(ROOT, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`could not read ${path}`, { cause: error });
  }
};

const check = process.argv.includes('--check');
let drifted = 0;
for (const [path, content] of generatedFiles()) {
  if ((await contentOf(path)) === content) continue;
  drifted += 1;
  if (check) {
    console.error(`${path} differs from operator/api/schema.ts: run \`npm run generate\` and commit the result`);
  } else {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), content);
    console.log(`wrote ${path}`);
  }
}
if (check && drifted > 0) process.exitCode = 1;

/**
 * Writes everything that is derived from contract/schema/schema.ts. `--check` writes nothing and exits 1 when a file
 * on disk differs, naming it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { driftedFiles } from './generate/files.ts';

const ROOT = join(import.meta.dirname, '..');

const read = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(join(ROOT, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`could not read ${path}`, { cause: error });
  }
};

const drifted = await driftedFiles(read);
if (process.argv.includes('--check')) {
  for (const path of drifted.keys()) {
    console.error(`${path} differs from contract/schema/schema.ts: run \`npm run generate\` and commit the result`);
  }
  if (drifted.size > 0) process.exitCode = 1;
} else {
  for (const [path, content] of drifted) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), content);
    console.log(`wrote ${path}`);
  }
}

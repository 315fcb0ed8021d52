/** Writes all generated files. With `--check`: exits 1 and names files that differ. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { driftedFiles } from './generate/files.ts';

const ROOT = join(import.meta.dirname, '..');

const drifted = await driftedFiles(async (path) =>
  existsSync(join(ROOT, path)) ? readFile(join(ROOT, path), 'utf8') : undefined,
);
if (process.argv.includes('--check')) {
  for (const path of drifted.keys()) {
    console.error(`${path} differs from what it is generated from: run \`npm run generate\` and commit the result`);
  }
  process.exitCode = drifted.size > 0 ? 1 : 0;
} else {
  for (const [path, content] of drifted) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), content);
    console.log(`wrote ${path}`);
  }
}

/**
 * Bundles the programs into a few files instead of a thousand modules: this halves the start time and saves memory
 * (docs/adr/0014, 0018). Roles of the app have separate chunks, so each loads only what it needs. On the command line:
 * `node tools/image/bundle.ts FOLDER`, a folder with the output of tsc.
 */
import { rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

/** Folders of the programs, each with its `main.js`. */
const PROGRAMS = ['app', 'operator'];

/** CommonJS packages need `require`, which ES modules do not have. */
const REQUIRE = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);";

const bundle = async (compiled: string, program: string): Promise<void> => {
  await build({
    entryPoints: [`${program}/main.js`],
    absWorkingDir: compiled,
    preserveSymlinks: true,
    outdir: compiled,
    outbase: compiled,
    allowOverwrite: true,
    chunkNames: `${program}/bundle/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Optional in pg.
    external: ['pg-native'],
    banner: { js: REQUIRE },
    // Identifiers stay, for readable stack traces.
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'error',
  });
};

/** Replaces each `main.js` in `compiled`. @param modules a node_modules folder @throws Error with esbuild's message */
export const bundlePrograms = async (compiled: string, modules: string): Promise<void> => {
  // Names in the bundle are paths, which must be the same on every machine.
  const link = join(compiled, 'node_modules');
  await symlink(modules, link);
  try {
    for (const program of PROGRAMS) await bundle(compiled, program);
  } finally {
    await stop();
    await rm(link);
  }
};

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node tools/image/bundle.ts FOLDER');
  await bundlePrograms(resolve(folder), fileURLToPath(new URL('../../node_modules', import.meta.url)));
}

/**
 * The programs as a few files instead of a thousand: a process that opens, resolves and compiles each module of its
 * dependencies spends half of its start on that, and keeps what it never calls in its memory (docs/adr/0014, 0018). Roles of the
 * app stay apart: each loads what it needs. On the command line: `node tools/image/bundle.ts FOLDER`, a folder with what tsc
 * has compiled.
 */
import { rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

/** Folders of the programs, each with its `main.js`. */
const PROGRAMS = ['app', 'operator'];

/** Packages that are CommonJS ask for `require`, which a module does not have. */
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
    // pg asks for it and does without.
    external: ['pg-native'],
    banner: { js: REQUIRE },
    // Not identifiers: stack traces are read by people.
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'error',
  });
};

/** Replaces each `main.js` in `compiled`. @param modules a node_modules folder @throws Error with what esbuild said */
export const bundlePrograms = async (compiled: string, modules: string): Promise<void> => {
  // Names within the bundle are paths: they must be the same wherever this runs.
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

/**
 * The app's program as a few files instead of a thousand: a process that opens, resolves and compiles each module of its
 * dependencies spends half of its start on that (docs/adr/0014). Roles stay apart: each loads what it needs. On the command
 * line: `node local/image/bundle.ts FOLDER`, a folder with what tsc has compiled.
 */
import { rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const MAIN = 'app/main';

/** Packages that are CommonJS ask for `require`, which a module does not have. */
const REQUIRE = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);";

/** Replaces `app/main.js` in `compiled`. @param modules a node_modules folder @throws Error with what esbuild said */
export const bundleApp = async (compiled: string, modules: string): Promise<void> => {
  // Names within the bundle are paths: they must be the same wherever this runs.
  const link = join(compiled, 'node_modules');
  await symlink(modules, link);
  try {
    await build({
      entryPoints: [`${MAIN}.js`],
      absWorkingDir: compiled,
      preserveSymlinks: true,
      outdir: compiled,
      outbase: compiled,
      allowOverwrite: true,
      chunkNames: 'app/bundle/[name]-[hash]',
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
  } finally {
    await rm(link);
  }
};

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node local/image/bundle.ts FOLDER');
  await bundleApp(resolve(folder), fileURLToPath(new URL('../../node_modules', import.meta.url)));
}

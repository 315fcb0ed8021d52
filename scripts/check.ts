/** `npm run check`: the fast loop. Runs all checks without servers in parallel, and prints the output of failed ones. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');

const checks: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'format and lint', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  {
    name: 'types',
    args: [
      ...['node_modules/typescript/bin/tsc', '-p', '.', '--incremental'],
      ...['--tsBuildInfoFile', 'node_modules/.cache/check.tsbuildinfo'],
    ],
  },
  { name: 'types of the page', args: ['node_modules/typescript/bin/tsc', '-p', 'app/web/browser'] },
  { name: 'generated files', args: ['scripts/generate.ts', '--check'] },
  {
    name: 'unit tests, import directions',
    args: [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      // By default Jest leaves one core unused, which is half of a small machine.
      `--maxWorkers=${availableParallelism()}`,
      'test/unit/',
    ],
  },
];

const run = promisify(execFile);

const results = await Promise.all(
  checks.map(async ({ name, args }) => {
    const startedAtMs = Date.now();
    const isOk = await run(process.execPath, args, { cwd: root, maxBuffer: 64 * 2 ** 20 }).then(
      () => true,
      ({ stdout, stderr, message }: { stdout?: string; stderr?: string; message: string }) => {
        console.log(stdout === undefined ? message : `${stdout}${stderr}`);
        return false;
      },
    );
    console.log(`${isOk ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - startedAtMs) / 1000).toFixed(1)} s)`);
    return isOk;
  }),
);
process.exitCode = results.every(Boolean) ? 0 : 1;

/** `npm run check`: the fast loop. Everything that needs no server, side by side; prints only what is wrong. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const node = process.execPath;

const checks: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'format and lint', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  {
    name: 'types',
    args: [
      'node_modules/typescript/bin/tsc',
      '-p',
      '.',
      '--incremental',
      '--tsBuildInfoFile',
      'node_modules/.cache/check.tsbuildinfo',
    ],
  },
  { name: 'generated files', args: ['scripts/generate.ts', '--check'] },
  {
    name: 'unit tests, import directions',
    args: [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      // Jest leaves one core to itself, which on a small machine is half of it.
      `--maxWorkers=${availableParallelism()}`,
      'test/unit/',
    ],
  },
];

interface Checked {
  readonly name: string;
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

const run = ({ name, args }: (typeof checks)[number]): Promise<Checked> =>
  new Promise((resolve, reject) => {
    const startedAtMs = Date.now();
    const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('exit', (code) =>
      resolve({ name, code: code ?? 1, output, seconds: (Date.now() - startedAtMs) / 1000 }),
    );
  });

const results = await Promise.all(checks.map(run));
for (const { name, code, output, seconds } of results) {
  if (code !== 0) console.log(output);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
}
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;

/**
 * `npm run evidence -- NAME`, `npm run bench -- NAME`, `npm run soak -- NAME`: runs one scenario of test/evidence,
 * test/bench or test/soak, and writes its samples with commit, command line and machine to docs/evidence.
 * Exit 1: the claim of the scenario did not hold.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { measureFdatasync } from '../test/helpers/fdatasync.ts';
import type { Scenario } from '../test/helpers/scenario.ts';

const root = join(import.meta.dirname, '..');
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

const namesIn = (folder: string): string[] =>
  readdirSync(join(root, 'test', folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -3));

const isScenario = (value: unknown): value is Scenario =>
  typeof value === 'object' && value !== null && 'issue' in value && 'run' in value;

const main = async (): Promise<number> => {
  const [folder = '', name = '', ...args] = process.argv.slice(2);
  const names = namesIn(folder);
  if (!names.includes(name)) {
    console.error(`usage: npm run ${folder} -- NAME [options]; NAME is one of: ${names.join(', ')}`);
    return 2;
  }
  const module: Record<string, unknown> = await import(pathToFileURL(join(root, 'test', folder, `${name}.ts`)).href);
  const scenario = module['scenario'];
  if (!isScenario(scenario)) throw new Error(`test/${folder}/${name}.ts exports no scenario`);

  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const startedAt = new Date();
  const result = await scenario.run({ args, signal: interrupted.signal, progress: (line) => console.log(line) });
  if (result.kind === 'not_run') {
    console.log(`NOT RUN ${name}: ${result.reason}`);
    return process.env['REQUIRE_CLUSTER'] === '1' ? 1 : 0;
  }
  const record = {
    scenario: `${folder}/${name}`,
    holds: result.holds,
    summary: result.summary,
    // A folder of this machine says nothing elsewhere.
    command: ['npm run', folder, '--', name, ...args.map((arg) => (isAbsolute(arg) ? 'DIR' : arg))].join(' '),
    commit: git('rev-parse', 'HEAD'),
    dirty: git('status', '--porcelain', '--', 'app', 'operator', 'local', 'test') !== '',
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${release()} ${arch()}`,
      node: process.version,
      fdatasyncMs: measureFdatasync(),
    },
    raw: result.raw,
  };
  const dir = join(root, 'docs', 'evidence');
  mkdirSync(dir, { recursive: true });
  const of = result.twin === undefined ? name : `${name}-${result.twin}`;
  const file = join(dir, `${scenario.issue}-${folder === 'evidence' ? '' : `${folder}-`}${of}.json`);
  writeFileSync(file, `${JSON.stringify(record, undefined, 1)}\n`);
  console.log(`${JSON.stringify(result.summary, undefined, 2)}\n${result.holds ? 'holds' : 'DOES NOT HOLD'}: ${name}`);
  return result.holds ? 0 : 1;
};

process.exitCode = await main();

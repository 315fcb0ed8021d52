/**
 * `npm test [-- suite …]`: every suite that this machine can carry, a line for each that it can't, and one plain
 * closing line. REQUIRE_CLUSTER=1 turns a suite that could not run into a failure: CI must not pass by skipping.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { down } from '../local/cluster.ts';
import { SHARED_CLUSTER } from '../test/helpers/cluster.ts';
import { jestArgs, SUITES, type Suite } from '../test/suites.ts';

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
});

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

const root = join(import.meta.dirname, '..');

/** After jest has written its results, for what it started to end. */
const LINGER_MS = 20_000;

/** Exit code of a jest run; 1 when it had to be ended. `results` is the file that jest writes at its end. */
const exitOf = (args: readonly string[], results: string, timeoutMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    const end = (why: string): void => {
      console.error(`ended: ${why}`);
      child.kill('SIGKILL');
    };
    const startedAtMs = Date.now();
    let writtenAtMs: number | undefined;
    const watch = setInterval(() => {
      if (writtenAtMs === undefined && existsSync(results)) writtenAtMs = Date.now();
      if (Date.now() - startedAtMs > timeoutMs) end(`no result after ${timeoutMs / 1000} s`);
      else if (writtenAtMs !== undefined && Date.now() - writtenAtMs > LINGER_MS) end('a test left something open');
    }, 500);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(watch);
      resolve(code ?? 1);
    });
  });

const runSuite = async (suite: Suite, scratch: string): Promise<Outcome> => {
  const output = join(scratch, `${suite.name}.json`);
  const code = await exitOf(jestArgs(suite, output), output, suite.timeoutMs);
  try {
    const result = jestResult.parse(JSON.parse(readFileSync(output, 'utf8')));
    // A file that could not even be loaded counts no test as failed; jest's exit code still knows.
    const broken = result.numFailedTests === 0 && code !== 0 ? Math.max(1, result.numFailedTestSuites) : 0;
    return { passed: result.numPassedTests, failed: result.numFailedTests + broken };
  } catch {
    return { passed: 0, failed: 1 };
  }
};

/** Kubernetes from source takes a quarter of an hour when nothing is cached: meanwhile the light suites run. */
const buildCluster = async (): Promise<void> => {
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'local/cluster/main.ts'), 'build'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  if (code !== 0)
    console.error(`the cluster's binaries could not be built (exit ${code}); its suites will say what they lack`);
};

const main = async (): Promise<number> => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(`no suite named ${unknown.join(', ')}; there are ${SUITES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'voucher-test-'));
  const lines: string[] = [];
  let passed = 0;
  let failed = 0;
  const endCluster = (): Promise<void> => down(SHARED_CLUSTER, AbortSignal.timeout(60_000));
  const suites = SUITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const needsCluster = suites.some(({ missing, onCluster }) => onCluster && missing() === undefined);
  // Somebody's run of single files may have left an installation on it, whose operator would meddle.
  if (needsCluster) await endCluster();
  const built = needsCluster ? buildCluster() : Promise.resolve();
  for (const suite of suites) {
    const reason = suite.missing();
    if (reason !== undefined) {
      lines.push(`NOT RUN ${suite.name}: ${reason}`);
      if (process.env['REQUIRE_CLUSTER'] === '1') failed += 1;
      continue;
    }
    if (suite.afterBuild) await built;
    const startedAtMs = Date.now();
    console.log(`\n── ${suite.name} ──`);
    const outcome = await runSuite(suite, scratch);
    passed += outcome.passed;
    failed += outcome.failed;
    const seconds = Math.round((Date.now() - startedAtMs) / 1000);
    lines.push(`${suite.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s`);
  }
  if (needsCluster) await endCluster();
  rmSync(scratch, { recursive: true, force: true });
  console.log(`\n${lines.join('\n')}\n`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
};

process.exitCode = await main();

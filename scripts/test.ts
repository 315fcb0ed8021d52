/**
 * `npm test`: the fast suites, on any machine. `npm run test:cluster`: those that need Helm or a real Kubernetes.
 * `-- suite …` selects suites of both. Suites that can't run here are listed as NOT RUN, with the reason; with
 * REQUIRE_CLUSTER=1 they count as failures, so that CI can't pass by skipping.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { SHARED_CLUSTER } from '../test/helpers/cluster.ts';
import { type Group, jestArgs, SUITES, type Suite } from '../test/suites.ts';
import { down } from '../tools/cluster.ts';

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** For each failed test: file, name, and the first lines of its message. */
  readonly failures: readonly string[];
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error('interrupted')));

const root = join(import.meta.dirname, '..');

/** Time for a jest run to end after it has written its results. */
const LINGER_MS = 20_000;

/** Exit code of a jest run; 1 when it was killed. jest writes the file `results` at its end. */
const exitOf = (args: readonly string[], results: string, timeoutMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    interrupted.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    const end = (why: string): void => {
      console.error(`killed jest: ${why}`);
      child.kill('SIGKILL');
    };
    const startedAtMs = Date.now();
    let writtenAtMs: number | undefined;
    const watch = setInterval(() => {
      if (writtenAtMs === undefined && existsSync(results)) writtenAtMs = Date.now();
      if (Date.now() - startedAtMs > timeoutMs) end(`no result after ${timeoutMs / 1000} s`);
      else if (writtenAtMs !== undefined && Date.now() - writtenAtMs > LINGER_MS) end('a test left open handles');
    }, 500);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(watch);
      resolve(code ?? 1);
    });
  });

const FAILURE_LINES = 12;
const LINE_CHARACTERS = 300;

/** A short list of failures for the end of the log. */
const failuresOf = ({ testResults }: z.infer<typeof jestResult>): readonly string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const file = relative(root, name);
    if (failed.length === 0) return status === 'failed' ? [`${file}\n${firstLines(message)}`] : [];
    return failed.map((test) => `${file} › ${test.fullName}\n${firstLines(test.failureMessages.join('\n'))}`);
  });

const firstLines = (text: string): string =>
  stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line))
    .slice(0, FAILURE_LINES)
    .map((line) => `    ${line.slice(0, LINE_CHARACTERS)}`)
    .join('\n');

const runSuite = async (suite: Suite, scratch: string): Promise<Outcome> => {
  const output = join(scratch, `${suite.name}.json`);
  const code = await exitOf(jestArgs(suite, output), output, suite.timeoutMs);
  try {
    const result = jestResult.parse(JSON.parse(readFileSync(output, 'utf8')));
    // A file that can't be loaded has no failed tests, but changes jest's exit code.
    const broken = result.numFailedTests === 0 && code !== 0 ? Math.max(1, result.numFailedTestSuites) : 0;
    const { numPassedTests: passed, numFailedTests } = result;
    return { passed, failed: numFailedTests + broken, failures: failuresOf(result) };
  } catch {
    return { passed: 0, failed: 1, failures: [`${suite.name}: jest wrote no result`] };
  }
};

/** Why the suite can't run here. First downloads or builds what it needs, so that no test waits for it. */
const whyNot = async ({ missing, prepare }: Suite, signal: AbortSignal): Promise<string | undefined> => {
  const reason = missing();
  if (reason !== undefined || prepare === undefined) return reason;
  try {
    await prepare({ signal, progress: (line) => console.error(line) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  const group: Group = args[0] === '--cluster' ? 'cluster' : 'fast';
  const wanted = args.filter((name) => name !== '--cluster');
  const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(`no suite ${unknown.join(', ')}; the suites are ${SUITES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'voucher-test-'));
  const lines: string[] = [];
  const failures: string[] = [];
  let passed = 0;
  let failed = 0;
  const endCluster = (): Promise<void> => down(SHARED_CLUSTER, AbortSignal.timeout(60_000));
  const suites = SUITES.filter((suite) => (wanted.length === 0 ? suite.group === group : wanted.includes(suite.name)));
  const needsCluster = suites.some(({ missing, onCluster }) => onCluster && missing() === undefined);
  // A killed run, or a run of single files, may have left an operator that would interfere.
  if (needsCluster) await endCluster();
  for (const suite of suites) {
    if (interrupted.signal.aborted) break;
    const reason = await whyNot(suite, interrupted.signal);
    if (reason !== undefined) {
      lines.push(`NOT RUN ${suite.name}: ${reason}`);
      if (process.env['REQUIRE_CLUSTER'] === '1') failed += 1;
      continue;
    }
    const startedAtMs = Date.now();
    console.log(`\n── ${suite.name} ──`);
    const outcome = await runSuite(suite, scratch);
    passed += outcome.passed;
    failed += outcome.failed;
    failures.push(...outcome.failures);
    const seconds = Math.round((Date.now() - startedAtMs) / 1000);
    lines.push(`${suite.name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s`);
  }
  // Also after an interrupt: an idle cluster uses a tenth of a core.
  if (needsCluster) await endCluster();
  rmSync(scratch, { recursive: true, force: true });
  for (const failure of failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${lines.join('\n')}\n`);
  console.log(`${passed} passed, ${failed} failed`);
  if (interrupted.signal.aborted) return 130;
  return failed === 0 && passed > 0 ? 0 : 1;
};

process.exitCode = await main();

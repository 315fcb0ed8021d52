/**
 * The suites with servers, on a machine that stands still now and then and has busy neighbours: which tests judge its speed, or
 * look once where the operator looks again? `--suites embedded,integration`, `--rounds N`, `--busy N`, `--gap S`,
 * `--longest S`, `--seed N`, `--only PATTERN`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { down } from '../../tools/cluster.ts';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { type Freeze, type FreezeOptions, freezeServers } from '../helpers/freezes.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { jestArgs, SUITES, type Suite } from '../suites.ts';

const ROOT = join(import.meta.dirname, '../..');
const WITH_SERVERS = ['embedded', 'integration'];

const Results = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

interface Run {
  readonly suite: string;
  readonly round: number;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly failures: ReturnType<typeof failuresIn>;
  readonly freezes: readonly Freeze[];
}

const failuresIn = ({ testResults }: z.infer<typeof Results>) =>
  testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages: [first = ''] }) => ({
        file: name.slice(ROOT.length + 1),
        test: fullName,
        said: first.split('\n').slice(0, 12).join('\n'),
      })),
  );

/** Loops that want a core each, as long as this process lives. */
const BUSY = 'const parent = process.ppid; while (process.ppid === parent);';
const startBusy = (count: number): readonly ChildProcess[] =>
  Array.from({ length: count }, () => spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }));

interface Disturbance extends FreezeOptions {
  readonly round: number;
  readonly only: string | undefined;
}

const runDisturbed = async (suite: Suite, dir: string, how: Disturbance, signal: AbortSignal): Promise<Run> => {
  const { round, only } = how;
  const output = join(dir, `${suite.name}-${round}.json`);
  const startedAtMs = Date.now();
  const jest = spawn(process.execPath, jestArgs(suite, output, only), { cwd: ROOT, stdio: 'ignore' });
  const ended = new AbortController();
  const stop = (): void => void jest.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const freezing = freezeServers(jest.pid ?? 0, how, ended.signal);
  await once(jest, 'exit');
  signal.removeEventListener('abort', stop);
  ended.abort();
  const freezes = await freezing;
  signal.throwIfAborted();
  const results = Results.parse(JSON.parse(await readFile(output, 'utf8')));
  const { numPassedTests: passed, numFailedTests, numFailedTestSuites } = results;
  // A file that could not be loaded counts no test as failed.
  const failed = Math.max(numFailedTests, numFailedTestSuites);
  const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
  return { suite: suite.name, round, passed, failed, seconds, failures: failuresIn(results), freezes };
};

export const scenario: Scenario = {
  issue: '02',
  async run({ args, signal, progress }) {
    const text = { type: 'string' } as const;
    const options = { suites: text, rounds: text, busy: text, gap: text, longest: text, seed: text, only: text };
    const { values } = parseArgs({ args: [...args], options });
    const names = values.suites?.split(',') ?? WITH_SERVERS;
    const suites = SUITES.filter(({ name }) => names.includes(name));
    if (suites.length < names.length)
      throw new Error(`--suites: one of ${SUITES.map(({ name }) => name).join(', ')}, not ${names}`);
    const missing = suites.map((suite) => suite.missing()).find((reason) => reason !== undefined);
    if (missing !== undefined) return { kind: 'not_run', reason: missing };
    const rounds = Number(values.rounds ?? 2);
    const busy = Number(values.busy ?? 1);
    const meanGapMs = Number(values.gap ?? 3) * 1_000;
    const longestMs = Number(values.longest ?? 2.5) * 1_000;
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    const dir = await mkdtemp(join(tmpdir(), 'voucher-disturbed-'));
    const endCluster = (): Promise<void> => down(SHARED_CLUSTER, AbortSignal.timeout(60_000));
    await endCluster();
    const neighbours = startBusy(busy);
    const runs: Run[] = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const suite of suites) {
          signal.throwIfAborted();
          const how = { round, only: values.only, seed: seed + round, meanGapMs, longestMs };
          const run = await runDisturbed(suite, dir, how, signal);
          runs.push(run);
          progress(
            `${run.suite}, round ${round + 1}: ${run.passed} passed, ${run.failed} failed, ${run.freezes.length} freezes`,
          );
        }
      }
    } finally {
      for (const one of neighbours) one.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
      await endCluster();
    }
    const freezes = runs.flatMap((run) => run.freezes);
    const failures = runs.flatMap((run) => run.failures);
    const sum = (of: 'passed' | 'failed'): number => runs.reduce((total, run) => total + run[of], 0);
    return {
      kind: 'ran',
      holds: sum('failed') === 0 && freezes.length > 0 && freezes.every(({ seen }) => seen),
      summary: {
        suites: names,
        rounds,
        seed,
        busyNeighbours: busy,
        passed: sum('passed'),
        failed: sum('failed'),
        freezes: freezes.length,
        ofEverything: freezes.filter(({ whole }) => whole).length,
        frozenSeconds: Math.round(freezes.reduce((total, { ms }) => total + ms, 0) / 1_000),
        failures: failures.map(({ file, test }) => `${file}: ${test}`),
      },
      raw: runs,
    };
  },
};

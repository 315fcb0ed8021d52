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
import { whyNoCluster } from '../../local/cluster/host.ts';
import { down } from '../../local/cluster.ts';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { type Freeze, freezeServers } from '../helpers/freezes.ts';
import type { Scenario } from '../helpers/scenario.ts';

const ROOT = join(import.meta.dirname, '../..');
const SUITES = ['embedded', 'integration'];

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

const startJest = (pattern: string, output: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      pattern,
      '--runInBand',
      '--json',
      `--outputFile=${output}`,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'ignore'] },
  );

/** Loops that want a core each. */
const startBusy = (count: number): readonly ChildProcess[] =>
  Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));

export const scenario: Scenario = {
  issue: '02',
  async run({ args, signal, progress }) {
    const missing = whyNoCluster();
    if (missing !== undefined) return { kind: 'not_run', reason: missing };
    const text = { type: 'string' } as const;
    const options = { suites: text, rounds: text, busy: text, gap: text, longest: text, seed: text, only: text };
    const { values } = parseArgs({ args: [...args], options });
    const suites = (values.suites ?? SUITES.join(',')).split(',');
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
          const output = join(dir, `${suite}-${round}.json`);
          const startedAtMs = Date.now();
          const jest = startJest(`test/${suite}/${values.only ?? ''}`, output);
          const ended = new AbortController();
          const stop = (): void => void jest.kill('SIGTERM');
          signal.addEventListener('abort', stop, { once: true });
          const freezing = freezeServers(jest.pid ?? 0, { seed: seed + round, meanGapMs, longestMs }, ended.signal);
          await once(jest, 'exit');
          signal.removeEventListener('abort', stop);
          ended.abort();
          const freezes = await freezing;
          const results = Results.parse(JSON.parse(await readFile(output, 'utf8')));
          const { numPassedTests: passed, numFailedTests, numFailedTestSuites } = results;
          // A file that could not be loaded counts no test as failed.
          const failed = Math.max(numFailedTests, numFailedTestSuites);
          const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
          runs.push({ suite, round, passed, failed, seconds, failures: failuresIn(results), freezes });
          progress(`${suite}, round ${round + 1}: ${passed} passed, ${failed} failed, ${freezes.length} freezes`);
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
        suites,
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

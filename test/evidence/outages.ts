/**
 * What people see of each outage, and after how many seconds: the conditions and events that the tests on real clusters
 * judge. `--only TEXT` plays the files whose path has it in it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ensureClusterParts } from '../../tools/cluster/build.ts';
import { ensureCommand, whyNoCluster } from '../../tools/cluster/host.ts';
import { down } from '../../tools/cluster.ts';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { OUTAGES_FILE } from '../helpers/outages/shown.ts';
import type { Scenario } from '../helpers/scenario.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILES = [
  'test/integration/operator/unreadable.test.ts',
  'test/integration/operator/installations.test.ts',
  'test/integration/operator/workloads.test.ts',
  'test/e2e/outages.test.ts',
  'test/e2e/journal-outages.test.ts',
  'test/e2e/clocks.test.ts',
];
/** The issue's limit, from the outage to the condition. */
const WITHIN_SECONDS = 10;

const line = z.looseObject({ name: z.string(), secondsUntilSeen: z.number() });

const jest = (files: readonly string[], file: string, signal: AbortSignal): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...options, 'node_modules/jest/bin/jest.js', '--runInBand', ...files], {
      cwd: ROOT,
      env: { ...process.env, [OUTAGES_FILE]: file },
      stdio: ['ignore', 'ignore', 'inherit'],
      signal,
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });

export const scenario: Scenario = {
  issue: '16',
  run: async ({ args, signal, progress }) => {
    const reason = whyNoCluster();
    if (reason !== undefined) return { kind: 'not_run', reason };
    const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' } } });
    const files = FILES.filter((file) => file.includes(values.only ?? ''));
    await ensureClusterParts({ signal, progress });
    await ensureCommand('strace', ['strace'], { signal, progress });
    const dir = await mkdtemp(join(tmpdir(), 'voucher-outages-'));
    try {
      const code = await jest(files, join(dir, 'seen'), signal);
      const text = await readFile(join(dir, 'seen'), 'utf8').catch(() => '');
      const seen = text.split('\n').flatMap((one) => (one === '' ? [] : [line.parse(JSON.parse(one))]));
      const late = seen.filter(({ secondsUntilSeen }) => secondsUntilSeen > WITHIN_SECONDS);
      return {
        kind: 'ran',
        holds: code === 0 && seen.length > 0 && late.length === 0,
        summary: {
          testsPass: code === 0,
          outages: seen.length,
          secondsUntilSeen: Object.fromEntries(seen.map(({ name, secondsUntilSeen }) => [name, secondsUntilSeen])),
          later: late.map(({ name }) => name),
        },
        raw: seen,
      };
    } finally {
      await rm(dir, { recursive: true, force: true });
      await down(SHARED_CLUSTER, new AbortController().signal);
    }
  },
};

/**
 * What a new user waits for: a clean clone with every cache empty, and the same again warm. `npm ci`, the demo's first
 * registration and its end, the same on a cluster that is built for it where this machine can, `npm test`. What one step
 * has built or fetched is there for the next one. Options: `--without-tests`, `--without-cluster`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { whyNoCluster } from '../../local/cluster/host.ts';
import type { Scenario } from '../helpers/scenario.ts';

const report = z.object({
  times: z.looseObject({ firstRegistration: z.number().optional(), forecast: z.number() }),
  audit: z.looseObject({ lost: z.number() }),
});

const run = (cwd: string, env: NodeJS.ProcessEnv, command: string, args: readonly string[], signal: AbortSignal) =>
  new Promise<{ readonly code: number | null; readonly seconds: number; readonly tail: string }>((resolve, reject) => {
    const startedAtMs = Date.now();
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const keep = (chunk: Buffer): void => {
      tail = (tail + chunk.toString('utf8')).slice(-2_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, seconds: (Date.now() - startedAtMs) / 1000, tail }));
  });

export const scenario: Scenario = {
  issue: '02',
  run: async ({ args, signal, progress }) => {
    const dir = await mkdtemp(join(tmpdir(), 'voucher-clone-'));
    // Every cache that the project or its tools fill is below `dir`, so the first round is cold for certain.
    const env = {
      ...process.env,
      npm_config_cache: join(dir, 'npm-cache'),
      XDG_CACHE_HOME: join(dir, 'cache'),
      GOMODCACHE: join(dir, 'go-mod'),
      GOCACHE: join(dir, 'go-build'),
      GOFLAGS: '-modcacherw',
    };
    const source = join(import.meta.dirname, '../..');
    const withCluster = whyNoCluster() === undefined && !args.includes('--without-cluster');
    const raw: Record<string, unknown>[] = [];
    let holds = true;
    for (const round of ['cold', 'warm']) {
      const clone = join(dir, round);
      execFileSync('git', ['clone', '--quiet', source, clone]);
      const step = async (name: string, command: string, commandArgs: readonly string[]) => {
        const { code, seconds, tail } = await run(clone, env, command, commandArgs, signal);
        progress(`${round} ${name}: ${seconds.toFixed(1)} s, exit ${code}`);
        raw.push({ round, name, seconds, code, ...(code === 0 ? {} : { tail }) });
        holds &&= code === 0;
      };
      await step('npm ci', 'npm', ['ci', '--no-audit', '--no-fund']);
      const demo = async (...options: readonly string[]): Promise<void> => {
        const name = ['npm run demo', ...options].join(' ');
        const json = join(clone, 'report.json');
        await rm(json, { force: true });
        await step(name, 'npm', ['run', '--silent', 'demo', '--', '--json', json, ...options]);
        const text = await readFile(json, 'utf8').catch(() => undefined);
        if (text === undefined) return;
        const { times, audit } = report.parse(JSON.parse(text));
        progress(`${round} ${name}: first registration after ${((times.firstRegistration ?? 0) / 1000).toFixed(1)} s`);
        raw.push({ round, name: `${name}: ms since its start`, times, lost: audit.lost });
        holds &&= audit.lost === 0;
      };
      await demo();
      if (withCluster) await demo('--on', 'cluster');
      if (!args.includes('--without-tests')) await step('npm test', 'npm', ['test', '--silent']);
    }
    await rm(dir, { recursive: true, force: true });
    const seconds = Object.fromEntries(
      raw.flatMap((entry) =>
        typeof entry['seconds'] === 'number' ? [[`${entry['round']} ${entry['name']}`, entry['seconds']]] : [],
      ),
    );
    return { kind: 'ran', holds, summary: { seconds }, raw };
  },
};

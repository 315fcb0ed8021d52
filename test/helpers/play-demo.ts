/** The demo as its user runs it: plain, with --chaos, with --sabotage. `lost 0` twice, `lost 1` and exit 1 once. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Scenario } from './scenario.ts';

const report = z.object({
  ledgerCheck: z.looseObject({ acknowledged: z.number(), lost: z.number(), doubles: z.number() }),
  times: z.looseObject({}),
  load: z.looseObject({ p50Ms: z.number(), p99Ms: z.number() }).optional(),
  killed: z.array(z.looseObject({})),
});

const RUNS = [
  { name: 'plain', args: [], wantLost: 0, wantExit: 0 },
  { name: 'chaos', args: ['--chaos'], wantLost: 0, wantExit: 0 },
  { name: 'sabotage', args: ['--sabotage', 'drop-one'], wantLost: 1, wantExit: 1 },
] as const;

const exitOf = (args: readonly string[], signal: AbortSignal): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['local/demo.ts', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      signal,
    });
    child.once('error', reject);
    child.once('exit', resolve);
  });

/** @param more arguments of every run */
export const playDemo = (issue: Scenario['issue'], more: readonly string[]): Scenario => ({
  issue,
  run: async ({ args, signal, progress }) => {
    const dir = await mkdtemp(join(tmpdir(), 'voucher-demo-'));
    const raw: unknown[] = [];
    const summary: Record<string, unknown> = {};
    let holds = true;
    for (const { name, args: own, wantLost, wantExit } of RUNS) {
      const json = join(dir, `${name}.json`);
      const startedAtMs = Date.now();
      const code = await exitOf([...own, ...more, ...args, '--json', json, '--state-dir', join(dir, name)], signal);
      const text: unknown = JSON.parse(await readFile(json, 'utf8'));
      const { ledgerCheck, times, load, killed } = report.parse(text);
      const ok = ledgerCheck.lost === wantLost && ledgerCheck.doubles === 0 && code === wantExit;
      holds &&= ok;
      progress(`${name}: acknowledged ${ledgerCheck.acknowledged}, lost ${ledgerCheck.lost}, exit ${code}`);
      summary[name] = {
        acknowledged: ledgerCheck.acknowledged,
        lost: ledgerCheck.lost,
        exit: code,
        p50Ms: load?.p50Ms,
        p99Ms: load?.p99Ms,
        seconds: Math.round((Date.now() - startedAtMs) / 1000),
      };
      raw.push({ name, code, ledgerCheck, times, load, killed });
    }
    await rm(dir, { recursive: true, force: true });
    return { kind: 'ran', holds, summary, raw };
  },
});

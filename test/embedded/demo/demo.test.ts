/** The README's command, on a short trace: it must say lost 0, it must be able to say lost 1, and it leaves nothing. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';

const DEMO = join(import.meta.dirname, '../../../local/demo.ts');
const report = z.object({ ledgerCheck: z.object({ lost: z.number(), acknowledged: z.number(), doubles: z.number() }) });

let dir: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-demo-'));
  await writeFile(join(dir, 'trace.csv'), 'seconds,arrivalsPerSecond\n0,40\n8,0\n');
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

const startDemo = (
  ...args: readonly string[]
): { readonly output: () => string; readonly exited: Promise<unknown[]> } => {
  const own = ['--trace', join(dir, 'trace.csv'), '--shift-open-to', '6s', '--state-dir', join(dir, 'run')];
  child = spawn(process.execPath, [DEMO, ...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    output += String(chunk);
  });
  return { output: () => output, exited: once(child, 'exit') };
};

const checked = async (): Promise<z.infer<typeof report>['ledgerCheck']> =>
  report.parse(JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'))).ledgerCheck;

/** A new Debian has no ps. */
const commandLines = (): readonly string[] =>
  process.platform === 'linux'
    ? readdirSync('/proc').flatMap((pid) => {
        try {
          return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
        } catch {
          return [];
        }
      })
    : execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');

/** Command lines that name this run's folder: servers have it in their arguments. */
const runningHere = (): readonly string[] =>
  commandLines().filter((line) => line.includes(join(dir, 'run')) && !line.includes('demo.ts'));

describe('npm run demo', () => {
  it('ends with lost 0', async () => {
    const demo = startDemo('--json', join(dir, 'report.json'));
    const [code] = await demo.exited;
    expect(demo.output()).toContain('lost 0');
    expect(demo.output()).toMatch(/entries, [0-9a-f]{64}/);
    expect(code).toBe(0);
    const { acknowledged, lost, doubles } = await checked();
    expect(acknowledged).toBeGreaterThan(100);
    expect({ lost, doubles }).toEqual({ lost: 0, doubles: 0 });
  });

  it('ends with lost 1 and exit code 1 when one acknowledgement is a lie', async () => {
    const demo = startDemo('--sabotage', 'drop-one', '--until', 'recorded', '--json', join(dir, 'report.json'));
    const [code] = await demo.exited;
    expect(demo.output()).toContain('lost 1');
    expect(code).toBe(1);
    expect((await checked()).lost).toBe(1);
  });

  it('ends all that it started on Ctrl-C', async () => {
    const demo = startDemo();
    await eventually(() => demo.output().includes('PreWarming') || demo.output().includes('Open'), {
      what: 'the campaign to be pre-warmed',
    });
    expect(runningHere().length).toBeGreaterThanOrEqual(3);
    child?.kill('SIGINT');
    const [code] = await demo.exited;
    expect(code).toBe(130);
    await eventually(() => runningHere().length === 0, { what: 'the end of every process' });
  });
});

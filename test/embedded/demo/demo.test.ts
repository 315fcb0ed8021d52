/** The README's command, on a short trace: it must say lost 0, it must be able to say lost 1, and it leaves nothing. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';

const DEMO = join(import.meta.dirname, '../../../local/demo.ts');
const report = z.object({ ledgerCheck: z.object({ lost: z.number(), acknowledged: z.number(), doubles: z.number() }) });

interface Demo {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<unknown[]>;
  readonly checked: () => Promise<z.infer<typeof report>['ledgerCheck']>;
  /** Command lines that name this run's folder: servers have it in their arguments. */
  readonly running: () => readonly string[];
}

/** One demo in a folder of its own: two run side by side, because they mostly wait. */
const withDemo = async (args: readonly string[], use: (demo: Demo) => Promise<void>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-demo-'));
  const [trace, stateDir, json] = ['trace.csv', 'run', 'report.json'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(trace, 'seconds,arrivalsPerSecond\n0,40\n8,0\n');
  const own = ['--trace', trace, '--shift-open-to', '6s', '--state-dir', stateDir, '--json', json];
  const child = spawn(process.execPath, [DEMO, ...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  try {
    await use({
      child,
      output: () => output,
      exited,
      checked: async () => report.parse(JSON.parse(await readFile(json, 'utf8'))).ledgerCheck,
      running: () => commandLines().filter((line) => line.includes(stateDir) && !line.includes('demo.ts')),
    });
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  }
};

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

describe('npm run demo', () => {
  it('ends with lost 1 and exit code 1 when one acknowledgement is a lie', () =>
    withDemo(['--sabotage', 'drop-one', '--until', 'recorded'], async ({ output, exited, checked }) => {
      const [code] = await exited;
      expect(output()).toContain('lost 1');
      expect(code).toBe(1);
      expect((await checked()).lost).toBe(1);
    }));

  it('ends all that it started on Ctrl-C', () =>
    withDemo([], async ({ child, output, exited, running }) => {
      await eventually(() => output().includes('PreWarming') || output().includes('Open'), {
        what: 'the campaign to be pre-warmed',
      });
      expect(running().length).toBeGreaterThanOrEqual(3);
      child.kill('SIGINT');
      const [code] = await exited;
      expect(code).toBe(130);
      await eventually(() => running().length === 0, { what: 'the end of every process' });
    }));

  // Starts with the first test, and waits for closing and freeze while the others run.
  it.concurrent('ends with lost 0', () =>
    withDemo([], async ({ output, exited, checked }) => {
      const [code] = await exited;
      expect({ code, failed: output().match(/FAILED: .*/g) }).toEqual({ code: 0, failed: null });
      expect(output()).toContain('lost 0');
      expect(output()).toMatch(/entries, [0-9a-f]{64}/);
      expect(output()).toMatch(/Draw: commitment [0-9a-f]{64}, authorised by demo-owner; result [0-9a-f]{64}/);
      const { acknowledged, lost, doubles } = await checked();
      expect(acknowledged).toBeGreaterThan(100);
      expect({ lost, doubles }).toEqual({ lost: 0, doubles: 0 });
    }));
});

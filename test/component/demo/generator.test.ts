/** The generator as the process that it is: command line, figures on stdout, signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startLoad } from '../../../local/demo/load-process.ts';
import { compare } from '../../../local/ledger-check/compare.ts';
import { readLedger } from '../../../local/ledger-check/read-ledger.ts';
import { eventually } from '../../helpers/eventually.ts';
import { contentOf, type FakeIntake, startFakeIntake } from './fake-intake.ts';

const GENERATOR = join(import.meta.dirname, '../../../local/load/generator.ts');

let dir: string;
let intake: FakeIntake;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-generator-'));
  intake = await startFakeIntake(() => ({ kind: 'accept' }));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await intake.close();
  await rm(dir, { recursive: true, force: true });
});

const traceOf = async (rate: number, seconds: number): Promise<string> => {
  const file = join(dir, 'trace.csv');
  await writeFile(file, `seconds,arrivalsPerSecond\n0,${rate}\n${seconds},0\n`);
  return file;
};
const requestFor = async (rate: number, seconds: number) => ({
  url: intake.url,
  traceFile: await traceOf(rate, seconds),
  opensAtMs: Date.now(),
  seed: 3,
  ledgerFile: join(dir, 'ledger.jsonl'),
  categories: ['dining'],
  logFile: join(dir, 'generator.log'),
});
const run = (args: readonly string[]): ChildProcess => {
  const child = spawn(process.execPath, [GENERATOR, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  return child;
};
const argsFor = (url: string, traceFile: string): readonly string[] => [
  ...['--url', url, '--trace', traceFile, '--opens-at', new Date().toISOString()],
  ...['--ledger', join(dir, 'ledger.jsonl'), '--category', 'dining'],
];
const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once('exit', resolve);
  });

describe('the generator process', () => {
  it('plays its trace, reports every second and at the end, and leaves a complete ledger', async () => {
    // It says a line every second from its start on, which takes a while on a busy machine.
    const load = startLoad(await requestFor(60, 5));
    await eventually(() => load.latest().now !== undefined, { what: 'a line of figures' });
    const final = await load.done;
    expect(final).toMatchObject({ type: 'final', inFlight: 0, gaveUp: 0, dropped: 0, failed: 0 });
    const ledger = await readLedger(join(dir, 'ledger.jsonl'));
    expect(compare({ ledger, ...contentOf(intake) })).toMatchObject({
      verdict: 'complete',
      acknowledged: final?.acknowledged,
    });
  });

  it('killed with -9 leaves a ledger in which every line was promised, and no end', async () => {
    const child = run(argsFor(intake.url, await traceOf(300, 600)));
    const lines = async (): Promise<number> => (await readLedger(join(dir, 'ledger.jsonl')).catch(() => [])).length;
    await eventually(async () => (await lines()) > 0, {
      what: 'a first promise in the ledger',
    });
    child.kill('SIGKILL');
    await exitOf(child);
    const ledger = await readLedger(join(dir, 'ledger.jsonl'));
    expect(ledger.length).toBeGreaterThan(0);
    expect(compare({ ledger, ...contentOf(intake) })).toMatchObject({ lost: 0, unexplained: undefined });
  });

  it('after SIGTERM starts no more citizens and still writes the end', async () => {
    const load = startLoad(await requestFor(200, 600));
    await eventually(() => intake.taken.size > 50, { what: 'fifty registrations' });
    load.stop();
    expect(await load.done).toMatchObject({ type: 'final' });
    expect((await readLedger(join(dir, 'ledger.jsonl'))).at(-1)).toMatchObject({ type: 'end' });
  });

  it('ends when its standard input is closed', async () => {
    const child = run([...argsFor(intake.url, await traceOf(50, 600)), '--end-with-stdin']);
    await eventually(() => intake.taken.size > 5, { what: 'some registrations' });
    const exited = exitOf(child);
    child.stdin?.end();
    expect(await exited).toBe(1);
  });

  it.each(['http://example.org', 'http://192.0.2.1:8080', 'https://127.0.0.1'])(
    'refuses to send load to %s',
    async (url) => {
      const child = run(argsFor(url, await traceOf(1, 1)));
      const [code, message] = await Promise.all([exitOf(child), child.stderr === null ? '' : text(child.stderr)]);
      expect(code).toBe(1);
      expect(message).toMatch(/refusing to send load|not an http/);
      expect(existsSync(join(dir, 'ledger.jsonl'))).toBe(false);
    },
  );

  it.each(['NaN', '-1', '1.5', '2147483649'])('refuses the seed %s', async (seed) => {
    const child = run([...argsFor(intake.url, await traceOf(1, 1)), '--seed', seed]);
    const [code, message] = await Promise.all([exitOf(child), child.stderr === null ? '' : text(child.stderr)]);
    expect({ code, message }).toEqual({ code: 1, message: expect.stringContaining('whole number from 0 to') });
  });

  it('is reported as dead when it could not work', async () => {
    const request = await requestFor(1, 1);
    const load = startLoad({ ...request, traceFile: join(dir, 'absent.csv') });
    expect(await load.done).toBeUndefined();
  });
});

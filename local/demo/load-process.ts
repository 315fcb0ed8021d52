/** The load generator as a separate process, and its figures as they arrive. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { type LoadStats, loadStats } from '../load/stats.ts';
import type { CrowdPlace } from '../stack.ts';

export interface LoadRequest {
  readonly url: string;
  readonly traceFile: string;
  readonly opensAtMs: number;
  readonly seed: number;
  readonly ledgerFile: string;
  /** Numbers and secrets of the receipts. */
  readonly receiptsFile?: string;
  readonly categories: readonly string[];
  readonly logFile: string;
  /** One citizen gets an invented receipt, and the registration is not sent. */
  readonly lieOnce?: boolean;
  readonly place?: CrowdPlace;
}

export interface LoadProcess {
  /** The last two lines. */
  latest(): { readonly before: LoadStats | undefined; readonly now: LoadStats | undefined };
  /** The final line; undefined when the generator ended before it. */
  readonly done: Promise<LoadStats | undefined>;
  /** Ends the generator early; `done` still settles. */
  stop(): void;
}

const GENERATOR = join(import.meta.dirname, '../load/generator.ts');
const STOP_GRACE_MS = 8000;

export const startLoad = (request: LoadRequest): LoadProcess => {
  const { command, args: leading } = request.place ?? { command: process.execPath, args: [GENERATOR] };
  const args = [
    ...leading,
    ...['--url', request.place?.url ?? request.url],
    ...['--trace', request.traceFile],
    ...['--opens-at', new Date(request.opensAtMs).toISOString()],
    ...['--seed', String(request.seed)],
    ...['--ledger', request.ledgerFile],
    ...(request.receiptsFile === undefined ? [] : ['--receipts', request.receiptsFile]),
    ...['--category', ...request.categories],
    ...(request.lieOnce === true ? ['--lie-once'] : []),
    // When this process ends, even by kill -9, the pipe closes and the generator ends too.
    '--end-with-stdin',
  ];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.pipe(createWriteStream(request.logFile));
  child.stdin.on('error', () => {});
  let before: LoadStats | undefined;
  let now: LoadStats | undefined;
  let final: LoadStats | undefined;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const stats = parseUntrusted(loadStats, line);
    if (stats === undefined) return;
    if (stats.type === 'final') final = stats;
    else [before, now] = [now, stats];
  });
  const done = new Promise<LoadStats | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? final : undefined));
  });
  // If something else fails first, `done` is never awaited; its rejection must not count as unhandled.
  done.catch(() => {});
  return {
    latest: () => ({ before, now }),
    done,
    stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      child.once('close', () => clearTimeout(timer));
    },
  };
};

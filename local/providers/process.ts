/** A local provider as a process of its own, for the demo and for tests that must not share an event loop with it. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../free-ports.ts';
import { endProcess, type SpawnManaged } from '../managed-process.ts';
import { type Counts, counts } from './counts.ts';
import type { FaultRequest } from './faults.ts';

export interface ProviderProcessOptions {
  readonly type: 'TencentIdCard' | 'Http';
  /** As in spec.verification.providers. */
  readonly name: string;
  /** Folder with `<name>.secret-id` and `<name>.secret-key`. */
  readonly keysDir: string;
  readonly perSecond: number;
  readonly perDay?: number;
  readonly latencyMs?: number;
  readonly logFile: string;
  readonly spawn: SpawnManaged;
  readonly signal: AbortSignal;
}

export interface ProviderProcess {
  readonly url: string;
  /** The provider's own count. */
  counts(): Promise<Counts>;
  /** Replaces all faults; none: it works. */
  setFaults(...faults: FaultRequest[]): Promise<void>;
  stop(): Promise<void>;
}

const MAIN = new URL('./main.ts', import.meta.url).pathname;
const HOST = '127.0.0.1';
const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 50;
const STOP_GRACE_MS = 2_000;

/** @throws Error when it does not answer in time, or ends */
export const startProvider = async (options: ProviderProcessOptions): Promise<ProviderProcess> => {
  const { type, name, keysDir, perSecond, perDay, latencyMs, logFile, spawn, signal } = options;
  const [port = 0] = await freePorts(1, HOST);
  const url = `http://${HOST}:${port}`;
  const child = spawn({
    name: `provider-${name}`,
    command: process.execPath,
    args: [
      ...[MAIN, '--type', type, '--name', name, '--keys-dir', keysDir],
      ...['--port', String(port), '--per-second', String(perSecond)],
      ...(perDay === undefined ? [] : ['--per-day', String(perDay)]),
      ...(latencyMs === undefined ? [] : ['--latency-ms', String(latencyMs)]),
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    logFile,
  });
  const read = async (): Promise<Counts> => counts.parse(await (await fetch(`${url}/_counts`)).json());
  const stop = (): Promise<void> => endProcess(child, 'SIGTERM', STOP_GRACE_MS);

  const failed = new AbortController();
  const looking = AbortSignal.any([signal, failed.signal]);
  const ended = child.exited.then(() => {
    throw new Error(`the local provider ${name} ended; see ${logFile}`);
  });
  // After the start, its end is the caller's matter.
  ended.catch(() => undefined);
  const ready = async (): Promise<void> => {
    for (const untilMs = performance.now() + READY_WITHIN_MS; performance.now() < untilMs; ) {
      if ((await read().catch(() => undefined)) !== undefined) return;
      await delay(LOOK_EVERY_MS, undefined, { signal: looking });
    }
    throw new Error(`the local provider ${name} does not answer on ${url}; see ${logFile}`);
  };
  try {
    await Promise.race([ready(), ended]);
  } catch (error) {
    failed.abort();
    await stop();
    throw error;
  }
  return {
    url,
    counts: read,
    async setFaults(...faults) {
      const answer = await fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify({ faults }) });
      if (!answer.ok) throw new Error(`the local provider ${name} refused the faults: ${await answer.text()}`);
    },
    stop,
  };
};

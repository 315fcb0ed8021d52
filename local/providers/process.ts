/** A local provider as a process of its own, for the demo and for tests that must not share an event loop with it. */
import { freePorts } from '../free-ports.ts';
import type { SpawnManaged } from '../managed-process.ts';
import { startServerProcess } from '../server-process.ts';
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

/** @throws Error when it does not answer in time, or ends */
export const startProvider = async (options: ProviderProcessOptions): Promise<ProviderProcess> => {
  const { type, name, keysDir, perSecond, perDay, latencyMs, logFile, spawn, signal } = options;
  const [port = 0] = await freePorts(1, HOST);
  const url = `http://${HOST}:${port}`;
  const read = async (): Promise<Counts> => counts.parse(await (await fetch(`${url}/_counts`)).json());
  const { stop } = await startServerProcess({
    name: `provider-${name}`,
    args: [
      ...[MAIN, '--type', type, '--name', name, '--keys-dir', keysDir],
      ...['--port', String(port), '--per-second', String(perSecond)],
      ...(perDay === undefined ? [] : ['--per-day', String(perDay)]),
      ...(latencyMs === undefined ? [] : ['--latency-ms', String(latencyMs)]),
    ],
    logFile,
    spawn,
    signal,
    look: read,
  });
  return {
    url,
    counts: read,
    async setFaults(...faults) {
      const answer = await fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify({ faults }) });
      if (!answer.ok) throw new Error(`the local provider ${name} refused the faults: ${await answer.text()}`);
    },
    stop: () => stop(),
  };
};

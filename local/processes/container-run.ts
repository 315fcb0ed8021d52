/** One run of a container's process, from its start to its end. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'kubernetes-types/core/v1.js';
import { endProcess, type ManagedProcess } from '../managed-process.ts';
import { runProbes } from './probes.ts';

export interface RunOptions {
  readonly container: Container;
  readonly host: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly graceMs: number;
  /** Between leaving the endpoints and SIGTERM. */
  readonly preStopMs: number;
  /** Aborted when the pod must end. */
  readonly ending: AbortSignal;
  readonly onReady: (ready: boolean) => void;
}

/** How a run ended; `isDone`: by itself, without an error. */
export interface RunEnd {
  readonly why: string;
  readonly isDone: boolean;
}

/** Resolves when the process has ended. */
export const runContainer = async (child: ManagedProcess, options: RunOptions): Promise<RunEnd> => {
  const { container, host, ports, graceMs, preStopMs, ending, onReady } = options;
  const over = new AbortController();
  let reason: string | undefined;
  const exited = child.exited
    .then(
      ({ code, signal }): RunEnd => ({ why: `ended with ${signal ?? `code ${code}`}`, isDone: code === 0 }),
      (error: unknown): RunEnd => ({ why: `could not run: ${String(error)}`, isDone: false }),
    )
    .finally(() => over.abort());

  const restart = (why: string): void => {
    reason = why;
    onReady(false);
    void endProcess(child, 'SIGTERM', graceMs);
  };
  // Not while ending: a draining pod fails its readiness on purpose.
  const probing = runProbes(container, host, ports, AbortSignal.any([over.signal, ending]), {
    onReady,
    onUnhealthy: restart,
  }).catch((error: unknown) => restart(String(error)));

  const onEnding = async (): Promise<void> => {
    await delay(preStopMs, undefined, { signal: over.signal }).catch(() => undefined);
    if (!over.signal.aborted) await endProcess(child, 'SIGTERM', graceMs);
  };
  const begin = (): void => {
    void onEnding();
  };
  if (ending.aborted) begin();
  else ending.addEventListener('abort', begin, { once: true });

  const how = await exited;
  // As in a container: when the first process ends, its children end too.
  child.kill('SIGKILL');
  ending.removeEventListener('abort', begin);
  onReady(false);
  await probing;
  return reason === undefined ? how : { why: reason, isDone: false };
};

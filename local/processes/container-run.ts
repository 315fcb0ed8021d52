/** One run of a container's process, from its start to its end. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'kubernetes-types/core/v1.js';
import type { ManagedProcess } from '../managed-process.ts';
import { runProbes } from './probes.ts';

export interface RunOptions {
  readonly container: Container;
  readonly host: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly graceMs: number;
  /** Between leaving the endpoints and SIGTERM. */
  readonly preStopMs: number;
  /** Aborted when the pod is to end. */
  readonly ending: AbortSignal;
  readonly onReady: (ready: boolean) => void;
}

/** SIGTERM, and SIGKILL to what is left of the group after `graceMs`. */
const endProcess = async (child: ManagedProcess, exited: Promise<unknown>, graceMs: number): Promise<void> => {
  const gone = new AbortController();
  child.kill('SIGTERM');
  const overdue = delay(graceMs, undefined, { signal: gone.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await exited;
  gone.abort();
  await overdue;
};

/** Resolves with why the process ended, when it has. */
export const runContainer = async (child: ManagedProcess, options: RunOptions): Promise<string> => {
  const { container, host, ports, graceMs, preStopMs, ending, onReady } = options;
  const over = new AbortController();
  let reason: string | undefined;
  const exited = child.exited
    .then(
      ({ code, signal }) => `ended with ${signal ?? `code ${code}`}`,
      (error: unknown) => `could not run: ${String(error)}`,
    )
    .finally(() => over.abort());

  const restart = (why: string): void => {
    reason = why;
    onReady(false);
    void endProcess(child, exited, graceMs);
  };
  // Not while ending: a pod that drains fails its readiness on purpose.
  const probing = runProbes(container, host, ports, AbortSignal.any([over.signal, ending]), {
    onReady,
    onUnhealthy: restart,
  }).catch((error: unknown) => restart(String(error)));

  const onEnding = async (): Promise<void> => {
    await delay(preStopMs, undefined, { signal: over.signal }).catch(() => undefined);
    if (!over.signal.aborted) await endProcess(child, exited, graceMs);
  };
  const begin = (): void => {
    void onEnding();
  };
  if (ending.aborted) begin();
  else ending.addEventListener('abort', begin, { once: true });

  const how = await exited;
  // As in a container: when the first process ends, so do those that it started.
  child.kill('SIGKILL');
  ending.removeEventListener('abort', begin);
  onReady(false);
  await probing;
  return reason ?? how;
};

/**
 * Starts OS processes that must end with this one: each has its own process group and a log file. A reaper ends them after
 * a kill -9 of this process.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reaper } from './reaper.ts';
import { signalQuietly } from './signals.ts';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Signals the whole group; false when it has ended. */
  kill(signal: NodeJS.Signals): boolean;
}

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Both streams are appended here. */
  readonly logFile: string;
  readonly uid?: number;
  readonly gid?: number;
}

export type SpawnManaged = (spec: ProcessSpec) => ManagedProcess;

export const spawnManaged: SpawnManaged = (spec) => {
  const log = openSync(spec.logFile, 'a');
  const child = spawn(spec.command, spec.args, {
    env: spec.env,
    detached: true,
    stdio: ['ignore', log, log],
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  closeSync(log);
  const exited = new Promise<ProcessExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  // Callers need not wait for the end. A failed start is reported by the throw below.
  exited.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${spec.name} (${spec.command})`);
  return {
    name: spec.name,
    pid,
    exited,
    kill: (signal) => signalQuietly(-pid, signal),
  };
};

/** Sends `signal` to the group, and SIGKILL to the rest of it after `graceMs`. Resolves when its leader has ended. */
export const endProcess = async (child: ManagedProcess, signal: NodeJS.Signals, graceMs: number): Promise<void> => {
  const ended = new AbortController();
  child.kill(signal);
  const overdue = delay(graceMs, undefined, { signal: ended.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await child.exited.catch(() => undefined);
  ended.abort();
  await overdue;
};

/** Spawns processes and registers each group with `reaper`. */
export const createSpawner =
  (reaper: Reaper): SpawnManaged =>
  (spec) => {
    const child = spawnManaged(spec);
    reaper.started(child.pid);
    const forget = (): void => reaper.ended(child.pid);
    child.exited.then(forget, forget);
    return child;
  };

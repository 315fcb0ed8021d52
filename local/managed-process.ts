/**
 * One way to start an OS process that must end with us: own process group, output to a file, pid known to whoever
 * cleans up after a kill -9 of this process.
 */

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
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
  /** Signals the whole group; false when it is gone already. */
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
  // Nobody needs to wait for the end of a process; one that could not be started is told by the throw below.
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

/** The same, with every group told to `reaper` before anybody else knows of it. */
export const createSpawner =
  (reaper: Reaper): SpawnManaged =>
  (spec) => {
    const child = spawnManaged(spec);
    reaper.started(child.pid);
    const forget = (): void => reaper.ended(child.pid);
    child.exited.then(forget, forget);
    return child;
  };

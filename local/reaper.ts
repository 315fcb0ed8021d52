/**
 * Ends all process groups of a run when the run ends, even by kill -9: a detached helper process acts when its pipe to the
 * run closes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Reaper {
  readonly pid: number;
  /** Must be called right after a process group was started; its id is the pid of its leader. */
  started(pid: number): void;
  ended(pid: number): void;
  /** Ends the remaining groups with SIGTERM, after 2 s with SIGKILL, and then the helper. */
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./processes/reaper-main.ts', import.meta.url));

/** `warn` is called when the helper ends too early: a kill -9 of this process would then leave orphans. */
export const startReaper = (warn: (message: string) => void = (message) => process.emitWarning(message)): Reaper => {
  // Its own session, so that Ctrl+C does not end it before the run. It needs none of our environment.
  const child = spawn(process.execPath, [MAIN], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...(process.env['PATH'] === undefined ? {} : { PATH: process.env['PATH'] }) },
  });
  const { pid, stdin } = child;
  if (pid === undefined) {
    child.once('error', () => undefined);
    throw new Error('could not start the helper process that ends leftover processes');
  }
  let stopping = false;
  const ended = once(child, 'exit').then(() => {
    if (!stopping)
      warn('the helper that ends leftover processes was killed; end this run with Ctrl+C, not with kill -9');
  });
  stdin.on('error', () => undefined);
  // The helper must not keep the run alive.
  child.unref();
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  const send = (line: string): void => {
    if (stdin.writable) stdin.write(`${line}\n`);
  };
  return {
    pid,
    started: (group) => send(`+${group}`),
    ended: (group) => send(`-${group}`),
    async stop() {
      stopping = true;
      child.ref();
      stdin.end();
      await ended;
    },
  };
};

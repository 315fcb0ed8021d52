/**
 * Ends every process group of a run when the run ends, also after kill -9: a small detached process holds the other end
 * of a pipe and acts when it closes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Reaper {
  readonly pid: number;
  /** A process group whose id is the pid of its leader; told at once after it was started. */
  started(pid: number): void;
  ended(pid: number): void;
  /** Ends the groups that are left, SIGTERM and after 2 s SIGKILL, and then the helper. */
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./processes/reaper-main.ts', import.meta.url));

/** `warn` hears that the helper was ended by somebody else: from then on a kill -9 of this process leaves orphans. */
export const startReaper = (warn: (message: string) => void = (message) => process.emitWarning(message)): Reaper => {
  // Its own session: a Ctrl+C at the terminal must not end it before the run. Nothing of our environment is its business.
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
    if (!stopping) warn('the helper that ends leftover processes is gone; end this run with Ctrl+C, not with kill -9');
  });
  stdin.on('error', () => undefined);
  // The run may end by itself while the helper waits: that is its purpose.
  child.unref();
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  const tell = (line: string): void => {
    if (stdin.writable) stdin.write(`${line}\n`);
  };
  return {
    pid,
    started: (group) => tell(`+${group}`),
    ended: (group) => tell(`-${group}`),
    async stop() {
      stopping = true;
      child.ref();
      stdin.end();
      await ended;
    },
  };
};

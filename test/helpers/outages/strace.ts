/** System calls of a process that fail on purpose, by strace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../eventually.ts';

/** `EIO`: the disk fails. `ENOSPC`: it is full. */
export type InjectedError = 'EIO' | 'ENOSPC';

/** Calls for files only: with `write` sockets would fail too, and the server could not answer. */
const CALLS = 'fsync,fdatasync';

export interface Injection {
  /** The system calls work again. */
  stop(): Promise<void>;
}

/** From now on these calls of all threads of the process fail. @throws Error when it can't be traced */
export const injectErrors = async (pid: number, error: InjectedError): Promise<Injection> => {
  const args = [
    '-f',
    '-e',
    `trace=${CALLS}`,
    '-e',
    `inject=${CALLS}:error=${error}`,
    '-o',
    '/dev/null',
    '-p',
    String(pid),
  ];
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(tracer, 'exit');
  let said = '';
  tracer.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await eventually(
    () => {
      if (tracer.exitCode !== null) throw new Error(`strace ended: ${said}`);
      return said.includes('attached');
    },
    { what: 'strace to attach' },
  );
  return {
    async stop() {
      tracer.kill('SIGINT');
      await Promise.race([exited, delay(10_000)]);
    },
  };
};

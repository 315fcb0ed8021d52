/** Forwards a Service to a port of this machine, for clusters without a route to their addresses. */
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Kubernetes } from '../../tools/cluster.ts';
import { PortPool } from '../free-ports.ts';
import type { SpawnManaged } from '../managed-process.ts';

export interface ForwardOptions {
  readonly kubernetes: Pick<Kubernetes, 'kubectlCommand'>;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  readonly logFile: string;
  readonly spawn: SpawnManaged;
  readonly signal: AbortSignal;
}

/** kubectl forwards to one pod and ends with it, so it is started again. */
const AGAIN_MS = 500;

export const forwardService = async (options: ForwardOptions): Promise<{ port: number; done: Promise<void> }> => {
  const { kubernetes, namespace, service, port: remote, logFile, spawn, signal } = options;
  const port = await new PortPool().take();
  const { command, args } = kubernetes.kubectlCommand;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const child = spawn({
        name: `forward-${service}`,
        command,
        args: [...args, 'port-forward', '-n', namespace, `service/${service}`, `${port}:${remote}`],
        env: process.env as Record<string, string>,
        logFile,
      });
      const end = (): void => void child.kill('SIGTERM');
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      await child.exited;
      signal.removeEventListener('abort', end);
      await sleep(systemClock, AGAIN_MS, signal);
    }
  };
  return { port, done: run() };
};

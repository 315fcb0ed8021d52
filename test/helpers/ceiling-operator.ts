/** An operator process that can be killed, behind a network that can fail; for `test/helpers/ceiling-play.ts`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';
import { freePorts } from '../../local/free-ports.ts';
import type { ManagedProcess, SpawnManaged } from '../../local/managed-process.ts';
import { FaultyProxy } from './faulty-proxy.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface CeilingOperator {
  readonly proxy: FaultyProxy;
  start(): Promise<void>;
  /** kill -9: its lease stays until it runs out. */
  kill(): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface CeilingOperatorOptions {
  readonly name: string;
  readonly dir: string;
  /** Of an account that may do what the chart's may. */
  readonly kubeconfig: string;
  readonly server: URL;
  readonly namespace: string;
  readonly ignoresCeiling: boolean;
  readonly spawn: SpawnManaged;
}

export const ceilingOperator = async (options: CeilingOperatorOptions): Promise<CeilingOperator> => {
  const dir = join(options.dir, options.name);
  const journalDir = join(dir, 'journal');
  await mkdir(journalDir, { recursive: true });
  // No server answers there: pods are created anyway, and every raise comes from the schedule.
  const { natsUrl, natsUser, natsPassword } = DATA_PLANE_KEYS;
  await writeFile(join(journalDir, natsUrl), 'nats://127.0.0.1:9');
  await writeFile(join(journalDir, natsUser), 'nobody');
  await writeFile(join(journalDir, natsPassword), 'nothing');
  const proxy = new FaultyProxy(options.server);
  const port = await proxy.start();
  const config = JSON.parse(await readFile(options.kubeconfig, 'utf8'));
  config.clusters[0].cluster.server = `https://127.0.0.1:${port}`;
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const logFile = join(dir, 'operator.log');
  let running: ManagedProcess | undefined;

  const kill = async (): Promise<void> => {
    running?.kill('SIGKILL');
    await running?.exited;
    running = undefined;
  };
  return {
    proxy,
    async start() {
      const [httpPort = 0] = await freePorts(1, '127.0.0.1');
      const flags = {
        kubeconfig,
        'watch-namespaces': options.namespace,
        'journal-dir': journalDir,
        'lease-namespace': options.namespace,
        'app-image': 'voucher-operator/app:test',
        host: '127.0.0.1',
        port: String(httpPort),
        'log-level': 'info',
      };
      const sabotage = options.ignoresCeiling ? ['--import', join(ROOT, 'test/helpers/ignore-ceiling.ts')] : [];
      running = options.spawn({
        name: options.name,
        command: process.execPath,
        args: [
          ...['--disable-warning=ExperimentalWarning', ...sabotage, join(ROOT, 'operator/main.ts')],
          ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ],
        env: { PATH: process.env['PATH'] ?? '' },
        logFile,
      });
    },
    kill,
    log: () => readFile(logFile, 'utf8'),
    async stop() {
      await kill();
      await proxy.stop();
    },
  };
};

/** The operator as a process of this machine instead of a pod: same settings, API server and metrics through a proxy. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';
import { freePorts } from '../../local/free-ports.ts';
import { createSpawner, type ManagedProcess } from '../../local/managed-process.ts';
import { forwardService } from '../../local/on-cluster/forward.ts';
import { startReaper } from '../../local/reaper.ts';
import { eventually } from './eventually.ts';
import { CAMPAIGN_NAMESPACE, type Platform, RELEASE, SYSTEM_NAMESPACE } from './platform.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(z.object({ env: z.array(z.object({ name: z.string(), value: z.string().optional() })) })),
      }),
    }),
  }),
});

export interface OutsideOperator {
  /** Leads when this resolves. */
  start(more?: { readonly env?: Readonly<Record<string, string>>; readonly trustsZeros?: boolean }): Promise<void>;
  /** Ticks of its campaigns since it was started. */
  ticks(): Promise<number>;
  /** After SIGKILL the lease stays where it is until it runs out. */
  end(how: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Ends it and starts the release's pods again. */
  stop(): Promise<void>;
}

const kubeconfigFor = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'outside',
    contexts: [{ name: 'outside', context: { cluster: 'outside', user: 'outside', namespace: SYSTEM_NAMESPACE } }],
    clusters: [{ name: 'outside', cluster: { server, 'insecure-skip-tls-verify': true } }],
    // The proxy on this machine has the certificates; between it and the operator there is none.
    users: [{ name: 'outside', user: {} }],
  });

/** Takes over from the pods of the release, which are scaled to none. @param server of the proxy */
export const outsideOperator = async (
  { cluster, system, stack }: Platform,
  server: string,
  dir: string,
  signal: AbortSignal,
): Promise<OutsideOperator> => {
  const standing = deployment.parse(JSON.parse(await system('get', 'deployment', RELEASE, '-o', 'json')));
  const [container] = standing.spec.template.spec.containers;
  const settings = Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, value }) =>
      name.startsWith('VOUCHER_OPERATOR_') && value !== undefined ? [[name, value]] : [],
    ),
  );
  await system('scale', `deployment/${RELEASE}`, '--replicas=0');
  await system('wait', 'pod', '-l', 'app.kubernetes.io/component=operator', '--for=delete', '--timeout=120s');

  const reaper = startReaper();
  const spawn = createSpawner(reaper);
  const ended = new AbortController();
  const forwarded = await forwardService({
    kubernetes: cluster,
    namespace: SYSTEM_NAMESPACE,
    service: `${RELEASE}-nats`,
    port: 4222,
    logFile: join(dir, 'forward.log'),
    spawn,
    signal: AbortSignal.any([signal, ended.signal]),
  });
  const journalDir = join(dir, 'journal');
  await mkdir(journalDir, { recursive: true });
  const { natsUser, natsPassword, natsTls } = stack.ledgerCheck;
  const files = {
    [DATA_PLANE_KEYS.natsUrl]: `tls://localhost:${forwarded.port}`,
    [DATA_PLANE_KEYS.natsUser]: natsUser,
    [DATA_PLANE_KEYS.natsPassword]: natsPassword,
    [DATA_PLANE_KEYS.natsCa]: natsTls?.ca ?? '',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(journalDir, name), text, { mode: 0o600 });
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(server), { mode: 0o600 });

  let running: ManagedProcess | undefined;
  let metricsPort = 0;
  const metrics = async (): Promise<string> => {
    const page = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal: AbortSignal.timeout(1_000) });
    return page.text();
  };
  const end = async (how: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    running?.kill(how);
    await running?.exited;
    running = undefined;
  };
  return {
    async start({ env = {}, trustsZeros = false } = {}) {
      [metricsPort = 0] = await freePorts(1, '127.0.0.1');
      const sabotage = trustsZeros ? ['--import', join(ROOT, 'test/helpers/trust-zeros.ts')] : [];
      const flags = {
        kubeconfig,
        'signals-through': 'api-server',
        'watch-namespaces': CAMPAIGN_NAMESPACE,
        'journal-dir': journalDir,
        'lease-namespace': SYSTEM_NAMESPACE,
        host: '127.0.0.1',
        port: String(metricsPort),
        'audit-port': '0',
      };
      running = spawn({
        name: 'operator',
        command: process.execPath,
        args: [
          ...['--disable-warning=ExperimentalWarning', ...sabotage, join(ROOT, 'operator/main.ts')],
          ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ],
        env: {
          PATH: process.env['PATH'] ?? '',
          ...settings,
          VOUCHER_OPERATOR_JOURNAL_MONITOR_URLS: '',
          ...env,
        },
        logFile: join(dir, 'operator.log'),
      });
      const leads = async (): Promise<boolean> => /^voucher_operator_leading 1$/m.test(await metrics());
      const up = eventually(() => leads().catch(() => false), { what: 'the operator to lead' });
      await up.catch(async (cause: unknown) => {
        const said = (await readFile(join(dir, 'operator.log'), 'utf8')).split('\n').slice(-20).join('\n');
        throw new Error(`the operator does not lead; its last words:\n${said}`, { cause });
      });
    },
    async ticks() {
      const count = /^voucher_operator_tick_seconds_count (\d+)$/m.exec(await metrics())?.[1];
      if (count === undefined) throw new Error('the operator’s metrics have no number of ticks');
      return Number(count);
    },
    end,
    async stop() {
      await end('SIGTERM');
      ended.abort();
      await forwarded.done;
      await system('scale', `deployment/${RELEASE}`, '--replicas=1');
      await reaper.stop();
    },
  };
};

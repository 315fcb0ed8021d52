/**
 * A private, real API server: etcd, kube-apiserver and the controllers on loopback, without nodes and root. Pods do not run;
 * tests write their status. It can be killed and restarted, unlike a shared cluster.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PortPool } from '../../local/free-ports.ts';
import { createSpawner, type ManagedProcess } from '../../local/managed-process.ts';
import { startReaper } from '../../local/reaper.ts';
import { apiAccess } from '../../tools/cluster/api.ts';
import { ensureBinary, KUBE } from '../../tools/cluster/binaries.ts';
import { auditPolicy } from '../../tools/cluster/config.ts';
import { ensurePki } from '../../tools/cluster/pki.ts';
import { addressesOf, placeOf } from '../../tools/cluster/place.ts';
import { type AuditEntry, isLease, readAuditLog } from './audit-log.ts';
import { eventually } from './eventually.ts';
import { type KubeApi, kubeApi } from './kube-api.ts';

export interface ControlPlane extends KubeApi {
  /** Of a cluster admin. */
  readonly kubeconfig: string;
  /** kill -9 of the API server. */
  crashApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** Forgets the history up to now, as etcd does every few minutes. */
  compact(): Promise<void>;
  /** Every write that the API server has audited, Leases left out; oldest first. */
  audit(): Promise<readonly AuditEntry[]>;
  logs(name: 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'): Promise<string>;
  /** Of its processes, by name. */
  pids(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Pods that no node takes are then said to be so; false unless stated. */
  readonly scheduler?: boolean;
  /** After this long without a heartbeat a node is taken for lost; upstream's 50 s unless stated. */
  readonly nodeGraceSeconds?: number;
  /** Requests a second of the controller manager; its own default, 20, unless stated. */
  readonly managerQps?: number;
  /** Controllers that do not run, for a cluster where they could only fail. */
  readonly withoutControllers?: readonly string[];
}

const revision = z.object({ header: z.object({ revision: z.string() }) });

const STARTS_WITHIN_MS = 120_000;

export const startControlPlane = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
  const root = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const place = placeOf('plane', root);
  const addresses = addressesOf(31);
  const binary = await ensureBinary(KUBE, {
    signal: new AbortController().signal,
    progress: (line) => console.error(line),
  });
  for (const dir of [place.dir, place.logs, place.config]) await mkdir(dir, { recursive: true });
  await ensurePki(place, addresses);
  const ports = new PortPool();
  const clientPort = await ports.take();
  const peerPort = await ports.take();
  const apiPort = await ports.take();
  const managerPort = await ports.take();
  const schedulerPort = await ports.take();
  const url = `https://127.0.0.1:${apiPort}`;
  const policy = join(place.config, 'audit-policy.json');
  await writeFile(policy, JSON.stringify(auditPolicy()));
  const pki = (file: string): string => join(place.pki, file);
  const kubeconfigFor = async (user: string): Promise<string> => {
    const path = join(place.config, `${user}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'plane',
      contexts: [{ name: 'plane', context: { cluster: 'plane', user } }],
      clusters: [{ name: 'plane', cluster: { server: url, 'certificate-authority': pki('ca.crt') } }],
      users: [{ name: user, user: { 'client-certificate': pki(`${user}.crt`), 'client-key': pki(`${user}.key`) } }],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  };

  const reaper = startReaper();
  const spawn = createSpawner(reaper);
  const processes = new Map<string, ManagedProcess>();
  const start = (name: string, args: readonly string[]): void => {
    const logFile = join(place.logs, `${name}.log`);
    const env = { PATH: process.env['PATH'] ?? '', HOME: place.dir };
    processes.set(name, spawn({ name, command: binary, args: [name, ...args], env, logFile, cwd: place.dir }));
  };
  const end = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    const child = processes.get(name);
    processes.delete(name);
    child?.kill(signal);
    await child?.exited;
  };

  const api = kubeApi(await apiAccess(url, place.pki, 'admin'));
  const startApiServer = async (): Promise<void> => {
    start('kube-apiserver', [
      '--bind-address=127.0.0.1',
      `--advertise-address=${addresses.node}`,
      `--secure-port=${apiPort}`,
      `--etcd-servers=http://127.0.0.1:${clientPort}`,
      `--service-cluster-ip-range=${addresses.services}`,
      '--authorization-mode=RBAC',
      `--client-ca-file=${pki('ca.crt')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('service-accounts.pub')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(place.logs, 'audit.log')}`,
      '--profiling=false',
    ]);
    await eventually(
      async () => (await api.answer({ method: 'GET', path: '/readyz', timeoutMs: 5_000 })).status === 200,
      {
        timeoutMs: STARTS_WITHIN_MS,
        what: 'a ready API server',
        everyMs: 100,
      },
    );
  };
  const logs: ControlPlane['logs'] = (name) => readFile(join(place.logs, `${name}.log`), 'utf8');
  const stop = async (): Promise<void> => {
    for (const name of ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'])
      await end(name, 'SIGKILL');
    await reaper.stop();
    await rm(root, { recursive: true, force: true });
  };

  try {
    start('etcd', [
      `--data-dir=${join(place.dir, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${clientPort}`,
      `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--log-level=warn',
      '--unsafe-no-fsync',
    ]);
    await startApiServer();
    const controllers = (port: number, user: string, kubeconfig: string): readonly string[] => [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--leader-elect=false',
      '--profiling=false',
      ...(user === 'controller-manager'
        ? [
            `--root-ca-file=${pki('ca.crt')}`,
            `--service-account-private-key-file=${pki('service-accounts.key')}`,
            '--use-service-account-credentials=true',
            ...(options.nodeGraceSeconds === undefined
              ? []
              : [`--node-monitor-grace-period=${options.nodeGraceSeconds}s`, '--node-monitor-period=1s']),
            ...(options.managerQps === undefined
              ? []
              : [`--kube-api-qps=${options.managerQps}`, `--kube-api-burst=${options.managerQps}`]),
            ...(options.withoutControllers === undefined
              ? []
              : [`--controllers=${['*', ...options.withoutControllers.map((name) => `-${name}`)].join(',')}`]),
          ]
        : []),
    ];
    const managerConfig = await kubeconfigFor('controller-manager');
    start('kube-controller-manager', controllers(managerPort, 'controller-manager', managerConfig));
    if (options.scheduler === true) {
      start('kube-scheduler', controllers(schedulerPort, 'scheduler', await kubeconfigFor('scheduler')));
    }
    const kubeconfig = await kubeconfigFor('admin');
    return {
      ...api,
      kubeconfig,
      crashApiServer: () => end('kube-apiserver', 'SIGKILL'),
      startApiServer,
      async compact() {
        const etcd = async (path: string, body: object): Promise<unknown> => {
          const response = await fetch(`http://127.0.0.1:${clientPort}/v3/${path}`, {
            method: 'POST',
            body: JSON.stringify(body),
          });
          if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`);
          return response.json();
        };
        const { header } = revision.parse(await etcd('kv/range', { key: 'AA==' }));
        await etcd('kv/compaction', { revision: header.revision, physical: true });
      },
      async audit() {
        return (await readAuditLog(join(place.logs, 'audit.log'))).filter((entry) => !isLease(entry));
      },
      logs,
      pids: () => new Map([...processes].map(([name, { pid }]) => [name, pid])),
      stop,
    };
  } catch (error) {
    const said = await logs('kube-apiserver').catch(() => '');
    await stop();
    throw new Error(`the control plane did not start: ${said.slice(-2_000)}`, { cause: error });
  }
};

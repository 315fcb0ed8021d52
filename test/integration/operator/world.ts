/** The whole operator against a real API server of its own: only its journal is played. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import type { JournalAdmin } from '../../../journal/administration.ts';
import type { AuditLog } from '../../../journal/trail.ts';
import type { OperatorConfig } from '../../../operator/config.ts';
import { createLogger } from '../../../operator/observability/log.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { runOperator } from '../../../operator/run-operator.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { predict } from '../../../simulation/effect.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../helpers/control-plane.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';
import { CORE, GROUP, type KubeWorld, kubeWorld } from '../../helpers/kube-world.ts';
import { startStrawKubelet } from '../../helpers/straw-kubelet.ts';

const ROOT = new URL('../../../', import.meta.url);

const applyCrds = async (plane: ControlPlane): Promise<void> => {
  const dir = new URL('crds/', ROOT);
  for (const file of await readdir(dir)) {
    for (const document of parseAllDocuments(await readFile(new URL(file, dir), 'utf8'))) {
      await plane.call({
        method: 'POST',
        path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        body: document.toJS(),
      });
    }
  }
  // Each on its own: one was served while the other was still answered with 404.
  const isServed = async (plural: string): Promise<boolean> =>
    (await plane.answer({ method: 'GET', path: `${GROUP}/${plural}` })).status === 200;
  await eventually(async () => (await isServed('scaleplans')) && (await isServed('vouchercampaigns')), {
    what: 'both kinds to be served',
  });
};

export interface OwnWorld extends KubeWorld {
  readonly plane: ControlPlane;
}

/** A control plane that serves both kinds. */
export const startWorld = async (options: ControlPlaneOptions = {}): Promise<OwnWorld> => {
  const plane = await startControlPlane(options);
  await applyCrds(plane);
  return { ...kubeWorld(plane), plane };
};

/** The rights that the chart gives, and no others. */
export const chartRules = async (): Promise<unknown> => {
  const text = await readFile(new URL('charts/voucher-operator/templates/rbac.yaml', ROOT), 'utf8');
  const [, rules] = /define "voucher\.operatorRules" -}}\n([\s\S]*?){{- end -}}/.exec(text) ?? [];
  if (rules === undefined) throw new Error('rbac.yaml has no block voucher.operatorRules');
  return parse(rules);
};

/** A kubeconfig of a service account with the operator's rights. */
export const operatorAccount = async (plane: ControlPlane): Promise<string> => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const name = 'voucher-operator';
  const make = (path: string, body: object) => plane.call({ method: 'POST', path, body });
  await make(`${CORE}/namespaces/kube-system/serviceaccounts`, { metadata: { name } });
  await make(`${rbac}/clusterroles`, { metadata: { name }, rules: await chartRules() });
  await make(`${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
  });
  const path = `${CORE}/namespaces/kube-system/serviceaccounts/${name}/token`;
  const made = (await make(path, { spec: { expirationSeconds: 3_600 } })) as {
    readonly status: { readonly token: string };
  };
  const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8'));
  config.users[0].user = { token: made.status.token };
  const file = `${plane.kubeconfig}.operator`;
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

const READY: JournalAdmin = {
  ensure: async () => ({ kind: 'ready', durability: 'Synced', replicas: 3, message: 'played' }),
  remove: async () => ({ kind: 'removed', streams: 6 }),
  backlog: async () => ({ messages: 0 }),
  putLiveSettings: async () => undefined,
};

export interface RunningOperator {
  readonly port: number;
  readonly auditPort: number;
  readonly log: string[];
  /** As kubernetes sends SIGTERM. */
  stop(): Promise<void>;
  metrics(): Promise<string>;
}

export const startOperator = async (
  plane: ControlPlane,
  changes: Partial<OperatorConfig> & {
    readonly image?: string;
    readonly pods?: PodOptions;
    readonly journal?: JournalAdmin;
    readonly clock?: Clock;
    readonly audit?: AuditLog;
  } = {},
): Promise<RunningOperator> => {
  const stop = new AbortController();
  const started = Promise.withResolvers<{ readonly port: number; readonly auditPort: number }>();
  const log: string[] = [];
  const {
    image = 'voucher-operator/app:test',
    pods,
    journal = READY,
    audit = new FakeAuditLog(),
    clock = systemClock,
    ...config
  } = changes;
  const done = runOperator(
    {
      config: {
        kubeconfig: plane.kubeconfig,
        context: undefined,
        watchNamespaces: [],
        lease: undefined,
        identity: 'operator-under-test',
        build: { image, site: 'default', shards: 3, journalReplicas: 3, logLevel: 'info', pods },
        logLevel: 'debug',
        host: '127.0.0.1',
        port: 0,
        auditPort: 0,
        resyncMs: 600_000,
        maxConcurrent: 8,
        signalsThrough: 'pods',
        journalDir: '',
        journalMonitorUrls: [],
        shardMaxBytes: undefined,
        ...config,
      },
      journal,
      audit,
      predict,
      log: createLogger({ level: 'debug', destination: { write: (line) => void log.push(line) } }),
      registry: new Registry(),
      clock,
      random: Math.random,
      onStarted: ({ port }, audit) => started.resolve({ port, auditPort: audit?.port ?? 0 }),
    },
    stop.signal,
  );
  done.catch(started.reject);
  const { port, auditPort } = await started.promise;
  return {
    port,
    auditPort,
    log,
    async stop() {
      stop.abort();
      await done;
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
  };
};

export interface ManagedWorld extends OwnWorld {
  readonly operator: RunningOperator;
  stop(): Promise<void>;
}

/** A control plane, pods that become Ready, and an operator with the chart's rights. */
export const startManagedWorld = async (changes: Parameters<typeof startOperator>[1] = {}): Promise<ManagedWorld> => {
  const world = await startWorld();
  const kubelet = startStrawKubelet(world.plane);
  const operator = await startOperator(world.plane, { kubeconfig: await operatorAccount(world.plane), ...changes });
  return {
    ...world,
    operator,
    async stop() {
      await operator.stop();
      await kubelet.stop();
      await world.plane.stop();
    },
  };
};

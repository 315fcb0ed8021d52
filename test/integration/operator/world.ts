/** The whole operator against a real API server: its journal is played, and a straw kubelet makes its pods ready. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod, PodList } from 'kubernetes-types/core/v1.js';
import { Registry } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../../operator/api/campaign-types.ts';
import type { OperatorConfig } from '../../../operator/config.ts';
import { createLogger } from '../../../operator/observability/log.ts';
import type { JournalAdmin } from '../../../operator/reconcile/ports.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { runOperator } from '../../../operator/run-operator.ts';
import { systemClock } from '../../../operator/runtime/clock.ts';
import type { ControlPlane } from '../../helpers/control-plane.ts';
import { eventually } from '../../helpers/eventually.ts';

const ROOT = new URL('../../../', import.meta.url);

export const APPS = '/apis/apps/v1';
export const CORE = '/api/v1';
export const GROUP = '/apis/voucher-operator.io/v1alpha1';

export const applyCrds = async (plane: ControlPlane): Promise<void> => {
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
  await eventually(async () => (await plane.answer({ method: 'GET', path: `${GROUP}/scaleplans` })).status === 200, {
    timeoutMs: 10_000,
    what: 'both kinds to be served',
  });
};

/** The rights that the chart gives, and no others. */
const chartRules = async (): Promise<unknown> => {
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

let namespaces = 0;
export const createNamespace = async (plane: ControlPlane, labels: Record<string, string> = {}): Promise<string> => {
  namespaces += 1;
  const name = `test-${namespaces}`;
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  await plane.call({ method: 'POST', path: `${CORE}/namespaces`, body });
  return name;
};

const DAY_MS = 86_400_000;

/** The smallest campaign of the examples; opens in a month unless stated. */
export const campaignBody = async (
  name: string,
  changes: { readonly opensInMs?: number; readonly spec?: object } = {},
): Promise<object> => {
  const minimal: { readonly spec: Partial<VoucherCampaignSpec> } = parse(
    await readFile(new URL('examples/minimal.yaml', ROOT), 'utf8'),
  );
  const opensAtMs = Date.now() + (changes.opensInMs ?? 30 * DAY_MS);
  return {
    ...minimal,
    metadata: { name },
    spec: {
      ...minimal.spec,
      campaignId: name,
      window: {
        opensAt: new Date(opensAtMs).toISOString(),
        closesAt: new Date(opensAtMs + 7 * DAY_MS).toISOString(),
      },
      ...changes.spec,
    },
  };
};

export const createCampaign = async (plane: ControlPlane, namespace: string, body: object): Promise<unknown> =>
  plane.call({ method: 'POST', path: `${GROUP}/namespaces/${namespace}/vouchercampaigns`, body });

/** As the kind that the path names: the API server's word is trusted here. */
export const get = async <T>(plane: ControlPlane, path: string): Promise<T> =>
  (await plane.call({ method: 'GET', path })) as T;

export const campaign = (plane: ControlPlane, namespace: string, name: string): Promise<VoucherCampaign> =>
  get(plane, `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`);

export const conditionOf = (object: VoucherCampaign, type: string) =>
  object.status?.conditions?.find((condition) => condition.type === type);

export const patch = (plane: ControlPlane, path: string, body: object): Promise<unknown> =>
  plane.call({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });

/** Undefined for one that is not there. */
export const deployment = async (
  plane: ControlPlane,
  namespace: string,
  name: string,
): Promise<Deployment | undefined> => {
  const { status, body } = await plane.answer({
    method: 'GET',
    path: `${APPS}/namespaces/${namespace}/deployments/${name}`,
  });
  return status === 404 ? undefined : JSON.parse(body);
};

/** Marks every pod ready that is not, as a kubelet would; pods it is told to leave stay as they are. */
export const startStrawKubelet = (plane: ControlPlane, leaves: (pod: Pod) => boolean = () => false) => {
  const stop = new AbortController();
  const makeReady = async (pod: Pod): Promise<void> => {
    const { namespace, name } = pod.metadata ?? {};
    const now = new Date().toISOString();
    const status = {
      phase: 'Running',
      // Nobody listens there: signals are absent, and nothing is ever scaled down.
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
    };
    await patch(plane, `${CORE}/namespaces/${namespace}/pods/${name}/status`, { status });
  };
  const isReady = (pod: Pod): boolean =>
    pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
  const done = (async () => {
    while (!stop.signal.aborted) {
      const { items } = await get<PodList>(plane, `${CORE}/pods`).catch(() => ({ items: [] }));
      const fresh = items.filter((pod) => !isReady(pod) && pod.metadata?.deletionTimestamp === undefined);
      await Promise.all(fresh.filter((pod) => !leaves(pod)).map((pod) => makeReady(pod).catch(() => undefined)));
      // Pods are bound to no node: nobody else finishes their deletion.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    async stop() {
      stop.abort();
      await done;
    },
  };
};

const READY: JournalAdmin = {
  ensure: async () => ({ kind: 'ready', durability: 'Synced', replicas: 3, message: 'played' }),
  backlog: async () => ({ messages: 0 }),
  putLiveSettings: async () => undefined,
};

export interface RunningOperator {
  readonly port: number;
  readonly log: string[];
  /** As kubernetes sends SIGTERM. */
  stop(): Promise<void>;
  metrics(): Promise<string>;
}

export const startOperator = async (
  plane: ControlPlane,
  changes: Partial<OperatorConfig> & { readonly image?: string; readonly pods?: PodOptions } = {},
): Promise<RunningOperator> => {
  const stop = new AbortController();
  const started = Promise.withResolvers<number>();
  const log: string[] = [];
  const { image = 'voucher-operator/app:test', pods, ...config } = changes;
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
        resyncMs: 600_000,
        maxConcurrent: 8,
        journalDir: '',
        journalMonitorUrls: [],
        shardMaxBytes: undefined,
        ...config,
      },
      journal: READY,
      log: createLogger({ level: 'debug', destination: { write: (line) => void log.push(line) } }),
      registry: new Registry(),
      clock: systemClock,
      random: Math.random,
      onStarted: ({ port }) => started.resolve(port),
    },
    stop.signal,
  );
  done.catch(started.reject);
  const port = await started.promise;
  return {
    port,
    log,
    async stop() {
      stop.abort();
      await done;
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
  };
};

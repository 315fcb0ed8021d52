/** Each contestant: its processes, what it is handed, and how it lets go again. One at a time. */

import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freePorts } from '../../../local/free-ports.ts';
import { placeOf } from '../../../tools/cluster/place.ts';
import { eventually } from '../../helpers/eventually.ts';
import { APPS, GROUP } from '../../helpers/kube-world.ts';
import { OPERATOR_NODE_OPTIONS } from '../load/program.ts';
import type { Contestant, Crowd } from './contest.ts';
import {
  campaignFor,
  DEPLOYMENT,
  KEDA_NAMESPACE,
  kedaApiService,
  kedaDocumented,
  kedaExpert,
  NAME,
  NAMESPACE,
  podsFor,
} from './manifests.ts';
import { type ContestWorld, KEDA_PORT } from './world.ts';

export interface RunningContestant {
  /** It has taken the tier over and sees fresh signals: the crowd may come. */
  isWatching(): Promise<boolean>;
  /** Only for who needs no signal to know that the crowd comes now. */
  foresee?(): Promise<void>;
  /** Gives the tier back and ends its processes; the pods stay. */
  stop(): Promise<void>;
}

const conditions = z.object({
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) })
    .partial()
    .optional(),
});

const holds = async (world: ContestWorld, path: string, type: string): Promise<boolean> => {
  const { status, body } = await world.api.answer({ method: 'GET', path });
  if (status !== 200) return false;
  return (
    conditions.parse(JSON.parse(body)).status?.conditions?.some((one) => one.type === type && one.status === 'True') ??
    false
  );
};

const startKeda = async (world: ContestWorld, crowd: Crowd, scaledObject: object): Promise<RunningContestant> => {
  const { cluster, dir, spawn, programs, api } = world;
  const address = cluster.addresses.host;
  // The cluster's own certificate names this machine and may be shown by servers and clients.
  const certs = join(dir, 'certs');
  const { pki } = placeOf(cluster.name);
  await mkdir(certs, { recursive: true });
  await cp(join(pki, 'ca.crt'), join(certs, 'ca.crt'));
  await cp(join(pki, 'apiserver.crt'), join(certs, 'tls.crt'));
  await cp(join(pki, 'apiserver.key'), join(certs, 'tls.key'));
  const kubeconfig = cluster.kubeconfigPath;
  const [metrics, probes, grpc, adapterMetrics] = await freePorts(4, '127.0.0.1');
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    KUBECONFIG: kubeconfig,
    WATCH_NAMESPACE: '',
    POD_NAMESPACE: KEDA_NAMESPACE,
    KEDA_CLUSTER_OBJECT_NAMESPACE: KEDA_NAMESPACE,
  };
  await world.apply(podsFor(crowd, world.pods, Date.now()));
  const operator = spawn({
    name: 'keda-operator',
    command: programs.kedaOperator,
    args: [
      `--metrics-bind-address=127.0.0.1:${metrics}`,
      `--health-probe-bind-address=127.0.0.1:${probes}`,
      `--metrics-service-bind-address=127.0.0.1:${grpc}`,
      `--cert-dir=${certs}`,
      '--enable-webhook-patching=false',
      '--enable-apiservice-patching=false',
    ],
    env,
    logFile: join(dir, 'keda-operator.log'),
  });
  const adapter = spawn({
    name: 'keda-adapter',
    command: programs.kedaAdapter,
    args: [
      `--secure-port=${KEDA_PORT}`,
      `--bind-address=${address}`,
      `--port=${adapterMetrics}`,
      `--metrics-service-address=127.0.0.1:${grpc}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--lister-kubeconfig=${kubeconfig}`,
      `--client-ca-file=${join(certs, 'ca.crt')}`,
      `--tls-cert-file=${join(certs, 'tls.crt')}`,
      `--tls-private-key-file=${join(certs, 'tls.key')}`,
      `--cert-dir=${certs}`,
    ],
    env,
    logFile: join(dir, 'keda-adapter.log'),
  });
  const service = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io';
  await world.apply([kedaApiService()]);
  await eventually(() => holds(world, service, 'Available'), {
    timeoutMs: 60_000,
    everyMs: 250,
    what: `KEDA's metrics to be served; its logs are in ${dir}`,
  });
  await world.apply([scaledObject]);
  const hpa = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers/keda-hpa-${NAME}`;
  return {
    isWatching: () => holds(world, hpa, 'ScalingActive'),
    async stop() {
      // While its operator is there to let the object go.
      const args = ['--namespace', NAMESPACE, 'delete', 'scaledobject', NAME, '--ignore-not-found', '--timeout=30s'];
      await cluster.kubectl(args);
      await api.answer({ method: 'DELETE', path: service });
      for (const child of [adapter, operator]) {
        child.kill('SIGTERM');
        await child.exited;
      }
    },
  };
};

const OURS = join(import.meta.dirname, 'ours-main.ts');

const startOurs = async (world: ContestWorld, crowd: Crowd): Promise<RunningContestant> => {
  const { dir, spawn, api } = world;
  const campaigns = `${GROUP}/namespaces/${NAMESPACE}/vouchercampaigns`;
  const path = `${campaigns}/${NAME}`;
  const operator = spawn({
    name: 'operator',
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      OURS,
      ...['--kubeconfig', world.oursKubeconfig],
      ...['--journal', `${world.pagesUrl}/journal`],
      ...['--pods', JSON.stringify(world.pods)],
    ],
    env: { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: OPERATOR_NODE_OPTIONS },
    logFile: join(dir, 'operator.log'),
  });
  await api.call({ method: 'POST', path: campaigns, body: campaignFor(crowd, Date.now()) });
  return {
    isWatching: () => holds(world, path, 'MetricsFresh'),
    async stop() {
      operator.kill('SIGTERM');
      await operator.exited;
      await api.answer({
        method: 'PATCH',
        path,
        body: { metadata: { finalizers: null } },
        contentType: 'application/merge-patch+json',
      });
      await api.answer({ method: 'DELETE', path });
    },
  };
};

/** The Deployment of the tier is there, or about to be, when this resolves. */
export const startContestant = async (
  world: ContestWorld,
  contestant: Contestant,
  crowd: Crowd,
): Promise<RunningContestant> => {
  switch (contestant) {
    case 'keda-documented':
      return startKeda(world, crowd, kedaDocumented(crowd, world.pagesUrl));
    case 'keda-expert':
    case 'keda-expert-1s':
      return startKeda(world, crowd, kedaExpert(crowd, world.pagesUrl));
    case 'ours':
      return startOurs(world, crowd);
    case 'oracle':
      await world.apply(podsFor(crowd, world.pods, Date.now()));
      return {
        isWatching: async () => true,
        foresee: async () => {
          await world.api.call({
            method: 'PATCH',
            path: `${APPS}/namespaces/${NAMESPACE}/deployments/${DEPLOYMENT}/scale`,
            body: { spec: { replicas: crowd.to } },
            contentType: 'application/merge-patch+json',
          });
        },
        stop: async () => undefined,
      };
    case 'nobody':
      await world.apply(podsFor(crowd, world.pods, Date.now()));
      return { isWatching: async () => true, stop: async () => undefined };
  }
};

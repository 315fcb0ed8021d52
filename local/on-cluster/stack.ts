/** `--on cluster`: the demo's stack on a real Kubernetes, installed as a user would with Helm and kubectl. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import { DATA_PLANE_KEYS, PORTS, PRIVACY_KEYS } from '../../contract/app-contract.ts';
import { dataPlaneSecretName, intakeServiceName, LABELS } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { createKubeAccess } from '../../operator/kube/access.ts';
import { createKubeClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../runtime/clock.ts';
import { urlHost } from '../../runtime/url-host.ts';
import type { Kubernetes } from '../../tools/cluster.ts';
import { CROWD_IMAGE } from '../../tools/image.ts';
import type { ServerTls } from '../ledger-check/read-journal.ts';
import { createSpawner, type SpawnManaged } from '../managed-process.ts';
import { startReaper } from '../reaper.ts';
import { metricsOf, type Stack, type StackProcess } from '../stack.ts';
import { CROWD_NAMESPACE, crowdNamespaceManifest, crowdPlace } from './crowd.ts';
import { forwardService } from './forward.ts';
import { isReady, Observer } from './observer.ts';
import { OUTSIDE_PORT, type OutsideServer, outsideManifests } from './outside.ts';
import { annotateAs, peopleManifests } from './people.ts';
import { installPlatform, uninstallPlatform } from './platform.ts';
import { openTarget, type Target, type TargetOptions } from './target.ts';

export interface OnClusterOptions extends TargetOptions {
  readonly campaignYaml: string;
  /** Checks the campaign as the API server will, and adds the defaults. */
  readonly admit: (yaml: string) => VoucherCampaign;
  readonly stateDir: string;
  /** Folders that are mounted into the generator's pod. */
  readonly crowdFolders: readonly string[];
  /** Servers that the campaign's pods call. */
  readonly outside?: readonly OutsideServer[];
  /** Secrets in the campaign's namespace, by name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const RELEASE = 'voucher';
const SYSTEM_NAMESPACE = 'voucher-system';
const CAMPAIGN_NAMESPACE = 'vouchers';
const SHARDS = 3;
const SHARD_MAX_BYTES = 256 * 2 ** 20;
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;
const OUTSIDE_READY_WITHIN = '90s';

/** The campaign of the file, in the demo's namespace. */
const inNamespace = (yaml: string): string => {
  const document = parseDocument(yaml);
  document.setIn(['metadata', 'namespace'], CAMPAIGN_NAMESPACE);
  return document.toString();
};

const secretOf = async (cluster: Kubernetes, name: string, namespace: string, signal: AbortSignal) => {
  const text = await cluster.kubectl(['get', 'secret', name, '-n', namespace, '-o', 'json'], { signal });
  const { data } = JSON.parse(text) as { readonly data: Readonly<Record<string, string>> };
  return (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
};

const addressOf = async (cluster: Kubernetes, name: string, namespace: string, signal: AbortSignal) =>
  (
    await cluster.kubectl(['get', 'service', name, '-n', namespace, '-o', 'jsonpath={.spec.clusterIP}'], { signal })
  ).trim();

const readyCondition = (campaign: VoucherCampaign | undefined) =>
  campaign?.status?.conditions?.find(({ type }) => type === 'Ready');

/** @throws Error with the message of the condition Ready */
const untilReady = async (observer: Observer, signal: AbortSignal): Promise<void> => {
  const giveUpAtMs = Date.now() + READY_WITHIN_MS;
  while (readyCondition(observer.campaign)?.status !== 'True') {
    if (Date.now() > giveUpAtMs) {
      throw new Error(
        `the campaign is not Ready after ${READY_WITHIN_MS / 1000} s: ${readyCondition(observer.campaign)?.message ?? 'it has no status'}`,
      );
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
    await observer.look(signal).catch(() => undefined);
  }
};

const collectLogs = async (cluster: Kubernetes, logDir: string): Promise<void> => {
  for (const namespace of [SYSTEM_NAMESPACE, CAMPAIGN_NAMESPACE, CROWD_NAMESPACE]) {
    const pods = await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'name']).catch(() => '');
    for (const name of pods.split('\n').filter((line) => line !== '')) {
      const text = await cluster.kubectl(['logs', '-n', namespace, name, '--tail=-1']).catch(() => '');
      await writeFile(join(logDir, `${namespace}-${name.replace('pod/', '')}.log`), text);
    }
  }
};

const tlsOf = (service: string, ca: string): ServerTls => ({
  ca,
  servername: `${RELEASE}-${service}.${SYSTEM_NAMESPACE}.svc`,
});

/** @returns address of each, as this machine reaches it */
const startOutside = async (
  { kubernetes, isRouted }: Target,
  servers: readonly OutsideServer[],
  image: string,
  forward: (service: string) => Promise<number>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> => {
  const urls: Record<string, string> = {};
  for (const server of servers) {
    const { name } = server;
    await kubernetes.kubectl(['apply', '-f', '-'], { signal, input: outsideManifests(server, image) });
    const ready = ['wait', '--for=condition=Ready', `pod/${name}`, '-n', CROWD_NAMESPACE];
    await kubernetes.kubectl([...ready, `--timeout=${OUTSIDE_READY_WITHIN}`], { signal });
    urls[name] = isRouted
      ? `http://${urlHost(await addressOf(kubernetes, name, CROWD_NAMESPACE, signal))}:${OUTSIDE_PORT}`
      : `http://127.0.0.1:${await forward(name)}`;
  }
  return urls;
};

const secretManifest = (name: string, stringData: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: CAMPAIGN_NAMESPACE },
    stringData,
  });

/** Forwards Services to ports of this machine, where it has no route to them. */
const createForward = (target: Target, logDir: string, signal: AbortSignal) => {
  let spawn: SpawnManaged | undefined;
  const spawner = (): SpawnManaged => {
    const reaper = startReaper();
    signal.addEventListener('abort', () => void reaper.stop(), { once: true });
    return createSpawner(reaper);
  };
  return (namespace: string, service: string, port: number) => {
    spawn ??= spawner();
    const logFile = join(logDir, `forward-${service}.log`);
    return forwardService({ kubernetes: target.kubernetes, namespace, service, port, logFile, spawn, signal });
  };
};

/** @throws Error when the machine can't run a cluster, the chart can't be installed, or the campaign does not get Ready */
export const startOnCluster = async (options: OnClusterOptions): Promise<Stack> => {
  const { signal, progress, stateDir } = options;
  const { metadata, spec } = options.admit(options.campaignYaml);
  const logDir = join(stateDir, 'logs');
  await mkdir(logDir, { recursive: true });
  const target = await openTarget(options);
  const cluster = target.kubernetes;
  const access = createKubeAccess({ ...target.access, env: process.env, monotonicMs: systemClock.monotonicMs });
  const stopping = new AbortController();
  const background: Promise<void>[] = [];
  const platform = {
    target,
    release: RELEASE,
    systemNamespace: SYSTEM_NAMESPACE,
    crowdNamespace: CROWD_NAMESPACE,
    campaign: {
      campaignId: spec.campaignId,
      namespace: CAMPAIGN_NAMESPACE,
      dataPlaneSecretName: spec.dataPlane.secretName,
      privacySecretName: spec.privacy.keySecretName,
    },
    shardMaxBytes: SHARD_MAX_BYTES,
    signal,
    progress,
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(background);
    await access.close();
    await collectLogs(cluster, logDir).catch(() => undefined);
    await target.release(() => uninstallPlatform(platform));
  };
  try {
    await installPlatform(platform);
    await cluster.kubectl(['apply', '-f', '-'], { signal, input: crowdNamespaceManifest(CROWD_NAMESPACE) });
    const applyCampaign = async (yaml: string): Promise<void> => {
      await cluster.kubectl(['apply', '-f', '-'], { signal, input: inNamespace(yaml) });
    };
    const forward = createForward(target, logDir, stopping.signal);
    const crowdImage = target.images.kind === 'pulled' ? target.images.crowd : CROWD_IMAGE;
    const outside = await startOutside(
      target,
      options.outside ?? [],
      crowdImage,
      async (service) => {
        const { port, done } = await forward(CROWD_NAMESPACE, service, OUTSIDE_PORT);
        background.push(done);
        return port;
      },
      signal,
    );
    for (const [name, data] of Object.entries(options.secrets ?? {})) {
      await cluster.kubectl(['apply', '-f', '-'], { signal, input: secretManifest(name, data) });
    }
    const rules = peopleManifests(CAMPAIGN_NAMESPACE, `${SYSTEM_NAMESPACE}-${RELEASE}`);
    await cluster.kubectl(['apply', '-f', '-'], { signal, input: rules });
    progress('applying the campaign');
    await applyCampaign(options.campaignYaml);

    const client = createKubeClient({ access, clock: systemClock, random: Math.random, userAgent: 'voucher-demo' });
    const observer = new Observer({
      client,
      campaign: { name: metadata.name, namespace: CAMPAIGN_NAMESPACE },
      system: { namespace: SYSTEM_NAMESPACE, release: RELEASE },
    });
    await untilReady(observer, signal);
    background.push(observer.run(stopping.signal));

    const journal = await secretOf(cluster, `${RELEASE}-journal`, SYSTEM_NAMESPACE, signal);
    const campaignSecret = await secretOf(
      cluster,
      dataPlaneSecretName(spec.dataPlane.secretName, 'records'),
      CAMPAIGN_NAMESPACE,
      signal,
    );
    const privacy = await secretOf(cluster, spec.privacy.keySecretName, CAMPAIGN_NAMESPACE, signal);
    const intakeService = intakeServiceName(metadata.name);
    const serviceAddress = urlHost(await addressOf(cluster, intakeService, CAMPAIGN_NAMESPACE, signal));
    const database = new URL(campaignSecret(DATA_PLANE_KEYS.postgresUrl));
    let forwardedNats: string | undefined;
    if (target.isRouted) {
      database.hostname = urlHost(await addressOf(cluster, `${RELEASE}-postgres`, SYSTEM_NAMESPACE, signal));
    } else {
      const nats = await forward(SYSTEM_NAMESPACE, `${RELEASE}-nats`, 4222);
      const postgres = await forward(SYSTEM_NAMESPACE, `${RELEASE}-postgres`, 5432);
      background.push(nats.done, postgres.done);
      forwardedNats = `nats://127.0.0.1:${nats.port}`;
      database.host = `127.0.0.1:${postgres.port}`;
    }

    const natsUrls = (): string =>
      forwardedNats ??
      observer.pods
        .filter((pod) => pod.metadata.labels[LABELS.component] === 'nats' && isReady(pod))
        .flatMap(({ status }) => (status.podIP === undefined ? [] : [`nats://${urlHost(status.podIP)}:4222`]))
        .join(',');
    const pathOf = ({ id }: StackProcess): string | undefined => {
      const pod = observer.pods.find(({ metadata: { uid } }) => uid === id);
      return pod === undefined ? undefined : `${pod.metadata.namespace}/${pod.metadata.name}`;
    };
    return {
      mode: 'cluster',
      url: `http://${serviceAddress}`,
      crowd: crowdPlace({
        kubectl: cluster.kubectlCommand,
        image: crowdImage,
        namespace: CROWD_NAMESPACE,
        serviceAddress,
        folders: options.crowdFolders,
      }),
      campaignId: spec.campaignId,
      shards: SHARDS,
      ledgerCheck: {
        // Read when the ledger check starts: a pod that was replaced has another address.
        get natsUrl() {
          return natsUrls();
        },
        natsUser: journal(DATA_PLANE_KEYS.natsUser),
        natsPassword: journal(DATA_PLANE_KEYS.natsPassword),
        postgresUrl: database.href,
        // The names in the certificates, because the servers are reached by address.
        natsTls: tlsOf('nats', journal(DATA_PLANE_KEYS.natsCa)),
        postgresTls: tlsOf('postgres', campaignSecret(DATA_PLANE_KEYS.postgresCa)),
      },
      logDir,
      canaryKey: privacy(PRIVACY_KEYS.canary),
      snapshot: () => observer.snapshot(),
      events: () => observer.events,
      processes: () => observer.processes(),
      kill(process) {
        const [namespace, name] = pathOf(process)?.split('/') ?? [];
        if (namespace === undefined || name === undefined) return;
        const args = ['delete', 'pod', name, '-n', namespace, '--grace-period=0', '--force', '--wait=false'];
        cluster.kubectl(args).catch((error: unknown) => progress(`could not kill ${name}: ${String(error)}`));
      },
      metrics: () =>
        metricsOf(
          observer.pods
            .filter(({ metadata: { namespace } }) => namespace === CAMPAIGN_NAMESPACE)
            .map(({ metadata: { name }, status: { podIP } }) => ({
              name,
              adminUrl: podIP === undefined ? undefined : `http://${urlHost(podIP)}:${PORTS.admin}`,
            })),
        ),
      applyCampaign,
      annotate: ({ user, annotation, text }) =>
        annotateAs(cluster, { name: metadata.name, namespace: CAMPAIGN_NAMESPACE }, user, annotation, text, signal),
      outside,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

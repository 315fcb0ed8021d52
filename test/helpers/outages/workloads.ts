/**
 * Outages of a campaign's workloads on a real API server with a running operator. Each causes one, waits for the condition,
 * and returns its message and the time. Each has its own namespace, so the caller need not undo anything.
 */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { WORKLOADS } from '../../../contract/jobs.ts';
import { ASKED_AGAIN, dataPlaneSecretName, OVERRIDES } from '../../../contract/names.ts';
import { eventually } from '../eventually.ts';
import type { KubeApi } from '../kube-api.ts';
import { APPS, CORE, campaignBody, conditionOf, GROUP, type KubeWorld } from '../kube-world.ts';
import { eventsWith, type Outage } from './outage.ts';

/** What an outage is made in. */
export interface Ground {
  readonly api: KubeApi;
  readonly world: KubeWorld;
}

const PATIENCE = { timeoutMs: 90_000, everyMs: 100 };
const NAME = 'spring';

/** Waits for the reason of `Provisioned`, and for an event with the same reason. */
const seen = async (
  ground: Ground,
  namespace: string,
  isSo: (condition: NonNullable<Outage['condition']>) => boolean,
  what: string,
): Promise<Outage> => {
  const startedAtMs = performance.now();
  const condition = await eventually(
    async () => {
      const found = conditionOf(await ground.world.campaign(namespace, NAME), 'Provisioned');
      return found !== undefined && isSo(found) ? found : undefined;
    },
    { ...PATIENCE, what: `Provisioned to say ${what}` },
  );
  const secondsUntilSeen = (performance.now() - startedAtMs) / 1000;
  const { type, status, reason, message } = condition;
  const word = status === 'True' ? 'Provisioned' : reason;
  const { api, world } = ground;
  const events = await eventsWith(api, await world.campaign(namespace, NAME), [word], PATIENCE);
  return { condition: { type, status, reason, message }, events, secondsUntilSeen };
};

/** An open campaign with a pod or two in a namespace of its own. */
const campaign = async (ground: Ground, namespace: string, tiers: object = {}): Promise<void> => {
  const scaling = { authorized: { ceilings: { intake: 60, records: 6 } }, tiers };
  await ground.world.createCampaign(namespace, await campaignBody(NAME, { opensInMs: -60_000, spec: { scaling } }));
};

const quotaPath = (namespace: string): string => `${CORE}/namespaces/${namespace}/resourcequotas`;
/** In force only when its controller has counted what is there. */
const createQuota = async (
  ground: Ground,
  namespace: string,
  hard: Readonly<Record<string, string>>,
): Promise<void> => {
  const body = { metadata: { name: 'compute' }, spec: { hard } };
  await ground.api.call({ method: 'POST', path: quotaPath(namespace), body });
  await eventually(
    async () => {
      const { status } = await ground.world.get<ResourceQuota>(`${quotaPath(namespace)}/compute`);
      return Object.keys(hard).every((resource) => status?.used?.[resource] !== undefined);
    },
    { ...PATIENCE, what: 'a quota that counts' },
  );
};

const allPods = async (ground: Ground, namespace: string, replicas: number): Promise<void> => {
  await ground.world.there(
    namespace,
    `${NAME}-intake`,
    ({ spec, status }) => (spec?.replicas ?? 0) >= replicas && (status?.replicas ?? 0) >= (spec?.replicas ?? 0),
    `${replicas} pods of the intake`,
  );
};

const atLeast = (ground: Ground, namespace: string, replicas: number): Promise<unknown> => {
  const untilText = new Date(Date.now() + 3_600_000).toISOString();
  const annotations = { [OVERRIDES.minOverride]: `intake=${replicas} until ${untilText}` };
  return ground.world.patch(`${GROUP}/namespaces/${namespace}/vouchercampaigns/${NAME}`, { metadata: { annotations } });
};

/**
 * Line 4: a quota holds back six of eight pods until the controller backs off for `blockedMs`, and is then raised. What is
 * returned is what is said when all pods are there, and how long that took.
 */
export const quotaRaised = async (
  ground: Ground,
  blockedMs: number,
): Promise<{ blocked: Outage; raised: Outage; askedAgain: string | undefined }> => {
  const namespace = await ground.world.createNamespace();
  await createQuota(ground, namespace, { pods: '4' });
  await campaign(ground, namespace);
  await allPods(ground, namespace, 2);
  await atLeast(ground, namespace, 8);
  const blocked = await seen(ground, namespace, ({ reason }) => reason === 'QuotaExceeded', 'QuotaExceeded');
  const untilMs = performance.now() + blockedMs;
  await eventually(() => performance.now() >= untilMs, {
    timeoutMs: blockedMs + 60_000,
    everyMs: 500,
    what: 'the controller to back off',
  });
  await ground.world.patch(`${quotaPath(namespace)}/compute`, { spec: { hard: { pods: '40' } } });
  const raised = await seen(ground, namespace, ({ status }) => status === 'True', 'AllPlaced');
  await allPods(ground, namespace, 8);
  const { metadata } = (await ground.world.deployment(namespace, `${NAME}-intake`)) ?? {};
  return { blocked, raised, askedAgain: metadata?.annotations?.[ASKED_AGAIN] };
};

/** Line 16: a quota or a policy refuses an object of the campaign, and is then taken away. */
export const objectsRefused = async (
  ground: Ground,
  hard: Readonly<Record<string, string>>,
): Promise<{ refused: Outage; admitted: Outage }> => {
  const namespace = await ground.world.createNamespace();
  await createQuota(ground, namespace, hard);
  await campaign(ground, namespace);
  const refused = await seen(ground, namespace, ({ reason }) => reason === 'ObjectsRefused', 'ObjectsRefused');
  await ground.api.call({ method: 'DELETE', path: `${quotaPath(namespace)}/compute` });
  const admitted = await seen(ground, namespace, ({ status }) => status === 'True', 'AllPlaced');
  return { refused, admitted };
};

const patchTemplate = (ground: Ground, namespace: string, template: object): Promise<unknown> =>
  ground.api.call({
    method: 'PATCH',
    path: `${APPS}/namespaces/${namespace}/deployments/${NAME}-intake`,
    body: { spec: { template } },
    contentType: 'application/strategic-merge-patch+json',
  });

/** Line 17: the quota has room for the pods that are there, and a new template needs one more. */
export const rolloutBlocked = async (ground: Ground): Promise<{ blocked: Outage; raised: Outage }> => {
  const namespace = await ground.world.createNamespace();
  await campaign(ground, namespace);
  for (const tier of ['intake', 'records']) {
    const isThere = ({ status = {} }: Deployment): boolean => status.replicas === 2;
    await ground.world.there(namespace, `${NAME}-${tier}`, isThere, `two pods of ${tier}`);
  }
  const { items } = await ground.world.get<{ items: readonly unknown[] }>(`${CORE}/namespaces/${namespace}/pods`);
  await createQuota(ground, namespace, { pods: String(items.length) });
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await patchTemplate(ground, namespace, { metadata: { annotations } });
  const blocked = await seen(ground, namespace, ({ reason }) => reason === 'QuotaExceeded', 'QuotaExceeded');
  await ground.world.patch(`${quotaPath(namespace)}/compute`, { spec: { hard: { pods: '40' } } });
  const raised = await seen(ground, namespace, ({ status }) => status === 'True', 'AllPlaced');
  return { blocked, raised };
};

/** Line 20, with a kubelet: a webhook or mesh adds an init container with a missing image to the pods. */
export const initImageMissing = async (ground: Ground, namespace: string): Promise<Outage> => {
  // Volumes come first: without these the kubelet would not get as far as to an image.
  for (const name of [
    'voucher-privacy',
    ...WORKLOADS.map((workload) => dataPlaneSecretName('voucher-data-plane', workload)),
  ]) {
    await ground.api.answer({
      method: 'POST',
      path: `${CORE}/namespaces/${namespace}/secrets`,
      body: { metadata: { name } },
    });
  }
  // Room for the surge on a node of two cores.
  await campaign(ground, namespace, { intake: { min: 1 }, records: { min: 1 } });
  await ground.world.there(namespace, `${NAME}-intake`, () => true, 'the Deployment of the intake');
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const initContainers = [
    { name: 'mesh', image: 'voucher-operator/no-such-image:1', imagePullPolicy: 'Never', securityContext },
  ];
  await patchTemplate(ground, namespace, { spec: { initContainers } });
  return seen(
    ground,
    namespace,
    ({ reason, message }) => reason === 'PodsNotStarting' && /init container mesh/.test(message),
    'that the init container is not there',
  );
};

/**
 * Line 8: `lose` takes a node away on which some of the intake's pods are. Kubernetes itself notices only when the node has been
 * silent for the node controller's grace; what the operator needs is counted from there.
 */
export const nodeLost = async (
  ground: Ground,
  namespace: string,
  lose: () => Promise<void>,
): Promise<
  Outage & {
    /** From the node's silence until Kubernetes took its pods for not Ready. */
    readonly secondsOfGrace: number;
    readonly replicas: { readonly before: number; readonly written: number; readonly ready: number };
  }
> => {
  const name = `${NAME}-intake`;
  const before = (await ground.world.deployment(namespace, name))?.spec?.replicas ?? 0;
  await lose();
  // Watched from now on: the node controller takes the pods out one by one, at once or over a while, each is replaced as it goes, and
  // the number goes back in the end.
  let written = before;
  let isMissed = false;
  // Ended with this function: a watch that outlives its test fails the next one.
  const watching = new AbortController();
  const isReplaced = eventually(
    async () => {
      const { spec, status } = (await ground.world.deployment(namespace, name)) ?? {};
      written = Math.max(written, spec?.replicas ?? 0);
      const ready = status?.readyReplicas ?? 0;
      isMissed ||= ready < before;
      return isMissed && written > before && ready >= before && ready;
    },
    { timeoutMs: 180_000, everyMs: 50, what: 'replacements', signal: watching.signal },
  );
  isReplaced.catch(() => undefined);
  const lostAtMs = performance.now();
  try {
    // The node controller's grace is about 28 s on a quick machine, and longer on a busy one.
    await eventually(() => isMissed, { timeoutMs: 120_000, what: 'pods that Kubernetes takes for not Ready' });
    const secondsOfGrace = (performance.now() - lostAtMs) / 1000;
    // Pods of another tier may be taken out first.
    const ofIntake = ({ reason, message }: NonNullable<Outage['condition']>): boolean =>
      reason === 'NodesLost' && / intake pods? can't be reached/.test(message);
    const told = await seen(ground, namespace, ofIntake, 'NodesLost, of intake pods');
    const ready = await isReplaced;
    const lost = await ground.world.campaign(namespace, NAME);
    // It was scaled up before, too: that event is there already.
    const events = await eventually(
      async () => {
        const all = await eventsWith(ground.api, lost, ['NodesLost', 'ScaledUp'], PATIENCE);
        return all.some(({ reason, message }) => reason === 'ScaledUp' && message.includes('replace pods')) && all;
      },
      { ...PATIENCE, what: 'the event of the replacements' },
    );
    return {
      ...told,
      secondsOfGrace,
      events,
      replicas: { before, written, ready },
    };
  } finally {
    watching.abort();
  }
};

/** An open campaign whose intake has so many replicas, for nodeLost. */
export const campaignOf = async (ground: Ground, replicas: number): Promise<string> => {
  const namespace = await ground.world.createNamespace();
  await campaign(ground, namespace);
  await ground.world.there(namespace, `${NAME}-intake`, () => true, 'the Deployment of the intake');
  await atLeast(ground, namespace, replicas);
  await ground.world.there(
    namespace,
    `${NAME}-intake`,
    ({ status }) => (status?.readyReplicas ?? 0) >= replicas,
    `${replicas} Ready pods`,
  );
  return namespace;
};

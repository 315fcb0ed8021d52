/** Who else decides about replicas: a person by annotation, and another autoscaler that is refused. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { APPS, campaignBody, conditionOf, flood, GROUP } from '../../helpers/kube-world.ts';
import { type ManagedWorld, startManagedWorld } from './world.ts';

const SOON = { everyMs: 50 };

let world: ManagedWorld;

beforeAll(async () => {
  world = await startManagedWorld();
});

afterAll(() => world?.stop());

const annotate = (namespace: string, name: string, annotations: Readonly<Record<string, string | null>>) =>
  world.patch(`${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`, { metadata: { annotations } });

const until = async (namespace: string, name: string, type: string, reason: string): Promise<void> => {
  const look = async (): Promise<boolean> =>
    conditionOf(await world.campaign(namespace, name), type)?.reason === reason;
  await eventually(look, { ...SOON, what: `${type} ${reason}` });
};

const ofReplicas = (namespace: string, name: string, replicas: number) =>
  world.there(namespace, name, ({ spec }) => spec?.replicas === replicas, `${replicas} replicas`);

/** Once the operator has seen them, a write that it still wanted would have come. */
const seenReplicas = async (namespace: string, name: string, replicas: number): Promise<void> => {
  const look = async (): Promise<boolean> =>
    (await world.campaign(namespace, name)).status?.tiers?.intake?.replicas === replicas;
  await eventually(look, { ...SOON, what: `the operator to have seen ${replicas}` });
};

const anHourAhead = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('a person', () => {
  it('pauses the scaling: what kubectl sets stays, until the pause is taken back', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('paused'));
    await world.ready(namespace, 'paused');
    await annotate(namespace, 'paused', { 'voucher-operator.io/paused': anHourAhead() });
    await until(namespace, 'paused', 'Overridden', 'Paused');
    await world.scale(namespace, 'paused-intake', 1);
    await seenReplicas(namespace, 'paused', 1);
    await ofReplicas(namespace, 'paused-intake', 1);
    await annotate(namespace, 'paused', { 'voucher-operator.io/paused': null });
    await until(namespace, 'paused', 'Overridden', 'NoOverride');
    await ofReplicas(namespace, 'paused-intake', 2);
  });

  it('raises the minimum for an hour, and never above the ceiling', async () => {
    const namespace = await world.createNamespace();
    const spec = { scaling: { authorized: { ceilings: { intake: 4, records: 2 } } } };
    await world.createCampaign(namespace, await campaignBody('raised', { spec }));
    await world.ready(namespace, 'raised');
    const value = `intake=3 until ${anHourAhead()}`;
    await annotate(namespace, 'raised', { 'voucher-operator.io/min-override': value });
    await ofReplicas(namespace, 'raised-intake', 3);
    await annotate(namespace, 'raised', { 'voucher-operator.io/min-override': value.replace('3', '300') });
    await ofReplicas(namespace, 'raised-intake', 4);
  });

  it('is told what can’t be read', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('mistaken'));
    await world.ready(namespace, 'mistaken');
    await annotate(namespace, 'mistaken', { 'voucher-operator.io/hold-until': 'tomorrow' });
    await until(namespace, 'mistaken', 'Overridden', 'Unreadable');
  });
});

describe('another autoscaler', () => {
  it('has a tier to itself, is named, and gives it back when it goes', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await flood('contested'));
    await ofReplicas(namespace, 'contested-intake', 20);
    const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
    const body = {
      metadata: { name: 'keda-hpa-intake' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'contested-intake' },
        minReplicas: 1,
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    };
    await world.plane.call({ method: 'POST', path, body });
    await until(namespace, 'contested', 'ConflictingScaler', 'AnotherAutoscaler');
    await world.scale(namespace, 'contested-intake', 3);
    await seenReplicas(namespace, 'contested', 3);
    await ofReplicas(namespace, 'contested-intake', 3);
    await world.plane.call({ method: 'DELETE', path: `${path}/keda-hpa-intake` });
    await until(namespace, 'contested', 'ConflictingScaler', 'NoConflict');
    await ofReplicas(namespace, 'contested-intake', 20);
    expect(await world.get(`${APPS}/namespaces/${namespace}/deployments/contested-records`)).toBeDefined();
  });
});

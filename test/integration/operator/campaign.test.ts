/** What a campaign becomes on a real API server, and who owns which field of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { APPS, CORE, campaignBody, flood } from '../../helpers/kube-world.ts';
import { eventsWith } from '../../helpers/outages/outage.ts';
import { watchReplicas } from '../../helpers/watch-replicas.ts';
import { type ManagedWorld, type RunningOperator, startManagedWorld } from './world.ts';

const MINUTE_MS = 60_000;
const SOON = { everyMs: 50 };

let world: ManagedWorld;
let operator: RunningOperator;

beforeAll(async () => {
  world = await startManagedWorld({
    // Every kind of list and of amount that an installation may state.
    pods: {
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: ['pull'],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'campaigns', operator: 'Exists', effect: 'NoSchedule' }],
      resources: { intake: { requests: { cpu: '0.5', memory: '0.25Gi' }, limits: { memory: '268435456' } } },
    },
  });
  operator = world.operator;
});

afterAll(() => world?.stop());

const replicas = (found: Deployment): number | undefined => found.spec?.replicas;
const imageOf = (found: Deployment): string | undefined => found.spec?.template.spec?.containers[0]?.image;

describe('a campaign', () => {
  it('becomes Deployments and all that their pods need, a status and events', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('spring'));
    await world.ready(namespace, 'spring');
    const counts = async (): Promise<void> => {
      const { status } = await world.campaign(namespace, 'spring');
      expect(status?.tiers?.intake).toMatchObject({ replicas: 2, ready: 2, desired: 2 });
    };
    await eventuallyHolds(counts, { ...SOON, what: 'two replicas in the status' });
    const intake = await world.deployment(namespace, 'spring-intake');
    expect(intake?.spec?.replicas).toBe(2);
    for (const path of [
      `${APPS}/namespaces/${namespace}/deployments/spring-records`,
      `${CORE}/namespaces/${namespace}/services/spring-intake`,
      `${CORE}/namespaces/${namespace}/configmaps/spring-app`,
      `${CORE}/namespaces/${namespace}/serviceaccounts/spring-intake`,
      `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/spring-records`,
      `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/spring-intake`,
    ]) {
      const { metadata } = await world.get<Deployment>(path);
      expect(metadata?.ownerReferences?.[0]).toMatchObject({
        kind: 'VoucherCampaign',
        name: 'spring',
        controller: true,
      });
    }
    await eventsWith(world.plane, await world.campaign(namespace, 'spring'), ['TierCreated', 'JournalReady']);
  });

  it('is owned field by field: init has replicas alone, the operator the rest', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('fields'));
    await world.ready(namespace, 'fields');
    const found = await world.there(
      namespace,
      'fields-intake',
      ({ metadata }) =>
        JSON.stringify(
          metadata?.managedFields?.find(({ manager }) => manager === 'voucher-operator-init')?.fieldsV1,
        ) === JSON.stringify({ 'f:spec': { 'f:replicas': {} } }),
      'init to let go of all but replicas',
    );
    const ours = found.metadata?.managedFields?.find(({ manager }) => manager === 'voucher-operator');
    expect(ours?.operation).toBe('Apply');
    expect(JSON.stringify(ours?.fieldsV1)).not.toContain('f:replicas');
  });

  it('is left alone once it has converged: no write for a minute', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('quiet'));
    await world.ready(namespace, 'quiet');
    const writes = async (sinceMs: number) =>
      (await world.plane.audit()).filter(
        ({ userAgent, atMs, namespace: where }) =>
          userAgent === 'voucher-operator' && atMs > sinceMs && where === namespace,
      );
    const readyAtMs = Date.now();
    const quietMinute = async (): Promise<boolean> => {
      if (Date.now() - readyAtMs < MINUTE_MS) return false;
      expect(await writes(Date.now() - MINUTE_MS)).toEqual([]);
      return true;
    };
    // Not the first one: converging takes a while, and a machine that stood still is something new to tell.
    await eventually(quietMinute, { timeoutMs: 4 * MINUTE_MS, what: 'a quiet minute', everyMs: 1_000 });
  });

  it('gets an edited image back, and keeps what others wrote', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('edited'));
    await world.ready(namespace, 'edited');
    await world.there(namespace, 'edited-intake', (found) => replicas(found) === 2, 'the tier');
    const path = `${APPS}/namespaces/${namespace}/deployments/edited-intake`;
    await world.patch(path, { metadata: { annotations: { 'example.org/note': 'keep me' } } });
    const body = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'evil:1' }];
    await world.plane.call({ method: 'PATCH', path, body, contentType: 'application/json-patch+json' });
    const found = await world.there(
      namespace,
      'edited-intake',
      (live) => imageOf(live) === 'voucher-operator/app:test',
      'the image to return',
    );
    expect(found.metadata?.annotations?.['example.org/note']).toBe('keep me');
  });

  it('gets labels back that somebody took away, on Deployments too', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('labels'));
    await world.ready(namespace, 'labels');
    const path = `${APPS}/namespaces/${namespace}/deployments/labels-intake`;
    const label = 'app.kubernetes.io/managed-by';
    await world.patch(path, { metadata: { labels: { [label]: null } } });
    const found = await world.there(
      namespace,
      'labels-intake',
      ({ metadata }) => metadata?.labels?.[label] === 'voucher-operator',
      'the label to return',
    );
    expect(replicas(found)).toBe(2);
  });

  it('comes back with 20 replicas when a Deployment of 20 is deleted, never with 1', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await flood('deleted'));
    const before = await world.settled(namespace, 'deleted', 20);
    const watch = watchReplicas(world.plane, namespace, 'deleted-intake');
    await world.plane.call({ method: 'DELETE', path: `${APPS}/namespaces/${namespace}/deployments/deleted-intake` });
    await world.there(
      namespace,
      'deleted-intake',
      ({ metadata }) =>
        metadata?.uid !== before.metadata?.uid &&
        (metadata?.managedFields?.some(({ operation }) => operation === 'Apply') ?? false),
      'another Deployment, applied',
    );
    expect(await watch.least()).toBe(20);
  });

  it('never makes a Deployment by an apply: with another uid it is refused', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('uid'));
    await world.ready(namespace, 'uid');
    const found = await world.deployment(namespace, 'uid-intake');
    const { managedFields: _fields, resourceVersion: _version, ...metadata } = found?.metadata ?? {};
    const { replicas: _replicas, ...spec } = found?.spec ?? {};
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadata, name: 'uid-gone' }, spec };
    const { status } = await world.plane.answer({
      method: 'PATCH',
      path: `${APPS}/namespaces/${namespace}/deployments/uid-gone?fieldManager=voucher-operator&force=true`,
      body,
      contentType: 'application/apply-patch+yaml',
    });
    expect(status).toBe(409);
    expect(await world.deployment(namespace, 'uid-gone')).toBeUndefined();
  });

  it.each([3, 40])('is corrected by the next tick when somebody scales it to %d', async (wrong) => {
    const namespace = await world.createNamespace();
    const name = `scaled-${wrong}`;
    await world.createCampaign(namespace, await flood(name));
    await world.settled(namespace, name, 20);
    await world.scale(namespace, `${name}-intake`, wrong);
    await world.settled(namespace, name, 20);
  });

  it('removes a field that its manifest no longer has', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await campaignBody('upgrade'));
    await world.ready(namespace, 'upgrade');
    const path = `${APPS}/namespaces/${namespace}/deployments/upgrade-intake`;
    const found = await world.there(
      namespace,
      'upgrade-intake',
      ({ metadata }) => metadata?.managedFields?.some(({ operation }) => operation === 'Apply') ?? false,
      'the first apply',
    );
    // As an older operator had it: one more variable, owned by the same manager.
    const container = found.spec?.template.spec?.containers[0];
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'upgrade-intake',
        labels: found.metadata?.labels,
        ownerReferences: found.metadata?.ownerReferences,
      },
      spec: {
        selector: found.spec?.selector,
        template: {
          ...found.spec?.template,
          spec: {
            ...found.spec?.template.spec,
            containers: [{ ...container, env: [...(container?.env ?? []), { name: 'OLD', value: 'x' }] }],
          },
        },
      },
    };
    await world.plane.call({
      method: 'PATCH',
      path: `${path}?fieldManager=voucher-operator&force=true`,
      body,
      contentType: 'application/apply-patch+yaml',
    });
    const names = (live: Deployment) => live.spec?.template.spec?.containers[0]?.env?.map(({ name }) => name) ?? [];
    await world.there(namespace, 'upgrade-intake', (live) => !names(live).includes('OLD'), 'OLD to go');
  });

  it('does not take over what is another’s, and says so', async () => {
    const namespace = await world.createNamespace();
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'taken-intake' },
      spec: { selector: { app: 'other' }, ports: [{ port: 80 }] },
    };
    await world.plane.call({ method: 'POST', path: `${CORE}/namespaces/${namespace}/services`, body: service });
    await world.createCampaign(namespace, await campaignBody('taken'));
    await eventually(() => operator.log.some((line) => line.includes('belongs to no known owner')), {
      ...SOON,
      what: 'the refusal in the log',
    });
    const found = await world.get<Deployment>(`${CORE}/namespaces/${namespace}/services/taken-intake`);
    expect(found.metadata?.ownerReferences).toBeUndefined();
  });
});

describe('its API calls', () => {
  it('are all allowed by the rights that the chart gives', () => {
    expect(operator.log.filter((line) => line.includes('403 Forbidden'))).toEqual([]);
  });

  it('never apply what is applied already', () => {
    // Such an apply is held back, and would be one at every restart: the comparison with what is live was wrong.
    expect(operator.log.filter((line) => line.includes('it is not repeated'))).toEqual([]);
  });

  it('are counted by verb, resource and code', async () => {
    const page = await operator.metrics();
    expect(page).toMatch(/voucher_operator_api_requests_total\{verb="apply",resource="deployments",code="200"\} \d+/);
    expect(page).toMatch(
      /voucher_operator_api_requests_total\{verb="update",resource="vouchercampaigns\/status",code="200"\}/,
    );
  });

  it.each(['get', 'list', 'watch', 'create', 'delete'])('could not %s a Secret', async (verb) => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'system:serviceaccount:kube-system:voucher-operator',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
        resourceAttributes: { verb, resource: 'secrets' },
      },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    expect(await world.plane.call({ method: 'POST', path, body })).toMatchObject({ status: { allowed: false } });
  });

  it('never ask for a Secret', async () => {
    expect(await operator.metrics()).not.toContain('resource="secrets');
  });
});

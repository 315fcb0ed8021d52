/** Which calls the writers make, and which they don't: ownership rules, conflicts, things that are there already. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiCall, KubeClient } from '../../../operator/kube/client.ts';
import { KubeError, type KubeErrorKind } from '../../../operator/kube/errors.ts';
import { createLeaseStore } from '../../../operator/kube/leases.ts';
import { createManifestWriter } from '../../../operator/kube/manifests.ts';
import { type KubeObject, parseObject } from '../../../operator/kube/objects.ts';
import { createReplicaWriter } from '../../../operator/kube/replicas.ts';
import { createScalePlanWriter, keepScalePlan, type StoredScalePlan } from '../../../operator/kube/scale-plans.ts';
import { Store } from '../../../operator/kube/store.ts';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import type { Manifest } from '../../../operator/resources/manifest.ts';
import { buildServiceAccount } from '../../../operator/resources/service-account.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const { signal } = new AbortController();
const campaign = aCampaign();
const manifest = buildDeployment(campaign, 'intake', buildOptions);
const account = buildServiceAccount(campaign, 'intake');

let calls: ApiCall[];
let answers: ((call: ApiCall) => unknown)[];
let deployments: Store<KubeObject>;
let accounts: Store<KubeObject>;

const failure = (kind: KubeErrorKind) => (): never => {
  throw new KubeError({ kind, attempted: 'x', attempt: 1, message: 'y' });
};
const client: KubeClient = {
  call: async (call) => {
    calls.push(call);
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`an unplanned call: ${call.verb} ${call.resource.plural} ${call.name}`);
    return answer(call);
  },
  open: () => Promise.reject(new Error('nothing is watched')),
};
const store = (): Store<KubeObject> =>
  new Store({
    onChange: () => undefined,
    onListenerError: (error) => {
      throw error;
    },
  });

beforeEach(() => {
  calls = [];
  answers = [];
  deployments = store();
  accounts = store();
});

const writer = () =>
  createManifestWriter({
    client,
    stores: new Map([
      ['deployments', deployments],
      ['serviceaccounts', accounts],
    ]),
  });

/** The object as it is after a write: the body with what the server adds. */
const stored = (body: Manifest, more: object = {}, version = '7'): KubeObject =>
  parseObject({
    ...body,
    metadata: { ...body.metadata, uid: 'd-1', resourceVersion: version, ...more },
  });
const init = (fieldsV1: object) => ({ manager: 'voucher-operator-init', operation: 'Update', fieldsV1 });
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };

describe('a Deployment', () => {
  it('is first posted by init, with replicas', async () => {
    answers.push(({ body }) => stored(body as Manifest));
    await writer().create(withReplicas(manifest, 20), signal);
    expect(calls).toEqual([
      expect.objectContaining({
        verb: 'create',
        query: { fieldManager: 'voucher-operator-init' },
        body: expect.objectContaining({ spec: expect.objectContaining({ replicas: 20 }) }),
      }),
    ]);
    expect(calls[0]).not.toHaveProperty('name');
    expect(deployments.size).toBe(0);
  });

  it('is then applied without replicas, with its uid, and init lets go of all else', async () => {
    const fields = { 'f:spec': { 'f:replicas': {}, 'f:template': {} } };
    const live = stored(manifest, { managedFields: [init(fields)] });
    deployments.put(live);
    answers.push(
      () => live,
      () => live,
    );
    await writer().apply(manifest, signal);
    expect(calls.map(({ verb }) => verb)).toEqual(['apply', 'patch']);
    const [applied, trimmed] = calls;
    expect(applied?.query).toEqual({ fieldManager: 'voucher-operator', force: 'true' });
    expect(applied?.body).toMatchObject({ metadata: { uid: 'd-1' } });
    expect(JSON.stringify(applied?.body)).not.toContain('"replicas"');
    expect(trimmed?.body).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'replace', path: '/metadata/managedFields/0/fieldsV1', value: REPLICAS },
    ]);
  });

  it('of a tier that is gone is deleted, in the version that was observed; once it is gone, all is well', async () => {
    answers.push(() => ({}), failure('not_found'), failure('conflict'));
    const deployment = { namespace: 'vouchers', name: 'chengdu-verification', resourceVersion: '7' };
    await writer().remove(deployment, signal);
    await writer().remove(deployment, signal);
    await expect(writer().remove(deployment, signal)).rejects.toThrow();
    expect(calls[0]).toMatchObject({
      verb: 'delete',
      name: 'chengdu-verification',
      body: { preconditions: { resourceVersion: '7' }, propagationPolicy: 'Background' },
    });
  });

  it('is never made by an apply', async () => {
    answers.push(failure('not_found'));
    await expect(writer().apply(manifest, signal)).rejects.toThrow(/is gone; the next tick creates it/);
    expect(calls.map(({ verb }) => verb)).toEqual(['get']);
  });

  it('is not applied twice to the same version when the comparison is wrong', async () => {
    const live = stored(manifest, { managedFields: [init(REPLICAS)] });
    deployments.put(live);
    answers.push(() => live);
    const one = writer();
    await one.apply(manifest, signal);
    await one.apply(manifest, signal);
    expect(calls.map(({ verb }) => verb)).toEqual(['apply']);
    answers.push(() => stored(manifest, { managedFields: [init(REPLICAS)] }, '9'));
    deployments.put(stored(manifest, { managedFields: [init(REPLICAS)] }, '8'));
    await one.apply(manifest, signal);
    expect(calls.map(({ verb }) => verb)).toEqual(['apply', 'apply']);
  });

  it.each([
    [
      'another campaign’s',
      { ownerReferences: [{ apiVersion: 'v', kind: 'VoucherCampaign', name: 'b', uid: 'uid-2', controller: true }] },
      /belongs to VoucherCampaign b \(uid-2\)/,
    ],
    ['nobody’s', { ownerReferences: undefined }, /belongs to no known owner/],
    ['on its way out', { deletionTimestamp: '2020-09-25T02:00:00Z' }, /is still being deleted/],
  ])('that is %s is left alone', async (_, more, want) => {
    deployments.put(stored(manifest, more));
    await expect(writer().apply(manifest, signal)).rejects.toThrow(want);
    answers.push(failure('already_exists'));
    await expect(writer().create(withReplicas(manifest, 2), signal)).rejects.toThrow(want);
    expect(calls.map(({ verb }) => verb)).toEqual(['create']);
  });

  it('that is ours without its labels gets them back, though it could not be created', async () => {
    const live = stored(manifest, { labels: {}, managedFields: [] });
    answers.push(
      failure('already_exists'),
      () => live,
      () => live,
    );
    await expect(writer().create(withReplicas(manifest, 2), signal)).rejects.toThrow();
    expect(calls.map(({ verb }) => verb)).toEqual(['create', 'get', 'apply']);
    expect(JSON.stringify(calls[2]?.body)).not.toContain('"replicas"');
  });
});

describe('a Job', () => {
  const job = buildJob(campaign, { job: 'draw' }, buildOptions);

  it('is posted by init', async () => {
    answers.push(({ body }) => stored(body as Manifest));
    await writer().create(job, signal);
    expect(calls).toEqual([
      expect.objectContaining({ verb: 'create', query: { fieldManager: 'voucher-operator-init' }, body: job }),
    ]);
  });

  it('that is there already is never written: its pods can’t be changed', async () => {
    answers.push(failure('already_exists'), () => stored(job));
    await expect(writer().create(job, signal)).rejects.toMatchObject({ kind: 'already_exists' });
    expect(calls.map(({ verb }) => verb)).toEqual(['create', 'get']);
  });

  it('of another has a remedy', async () => {
    answers.push(failure('already_exists'), () => stored(job, { ownerReferences: undefined }));
    await expect(writer().create(job, signal)).rejects.toThrow(/chengdu-draw exists and belongs to no known owner/);
  });
});

describe('any other object', () => {
  it('is made by an apply, after a look that it is nobody else’s', async () => {
    answers.push(failure('not_found'), ({ body }) => stored(body as Manifest));
    await writer().apply(account, signal);
    expect(calls.map(({ verb }) => verb)).toEqual(['get', 'apply']);
    expect(JSON.stringify(calls[1]?.body)).not.toContain('"uid":"d-1"');
  });

  it('waits for those of other campaigns, unless it is urgent', async () => {
    for (const isUrgent of [false, true]) {
      answers.push(failure('not_found'), ({ body }) => stored(body as Manifest));
      await writer().apply(account, signal, isUrgent);
      accounts = store();
    }
    expect(calls.map(({ lane }) => lane)).toEqual(['object', 'object', undefined, undefined]);
  });

  it('of another is found although it is not watched, and left alone', async () => {
    answers.push(() => stored({ ...account, metadata: { name: 'chengdu-intake', namespace: 'vouchers' } } as Manifest));
    await expect(writer().apply(account, signal)).rejects.toThrow(/belongs to no known owner/);
    expect(calls).toHaveLength(1);
  });
});

describe('replicas', () => {
  const target = { namespace: 'vouchers', name: 'chengdu-intake', replicas: 20, resourceVersion: '7' };

  it('are written by the scale subresource against the version that was seen', async () => {
    answers.push(() => ({ metadata: { resourceVersion: '8' } }));
    expect(await createReplicaWriter(client, deployments).scale(target, signal)).toBe('written');
    expect(calls[0]).toMatchObject({
      verb: 'update',
      subresource: 'scale',
      body: { metadata: { resourceVersion: '7' } },
    });
  });

  it('are seen at once by the next tick', async () => {
    deployments.put(stored(withReplicas(manifest, 2)));
    deployments.reached('7', undefined);
    answers.push(() => ({ metadata: { resourceVersion: '8' } }));
    await createReplicaWriter(client, deployments).scale(target, signal);
    expect(deployments.get('vouchers', 'chengdu-intake')).toMatchObject({
      metadata: { resourceVersion: '8' },
      spec: { replicas: 20 },
    });
  });

  it('that met a newer version are a conflict, and that version is read', async () => {
    deployments.reached('7', undefined);
    answers.push(failure('conflict'), () => stored(withReplicas(manifest, 5), {}, '9'));
    expect(await createReplicaWriter(client, deployments).scale(target, signal)).toBe('conflict');
    expect(deployments.get('vouchers', 'chengdu-intake')?.metadata.resourceVersion).toBe('9');
  });
});

describe('a ScalePlan', () => {
  it('that is there already is the same plan', async () => {
    answers.push(failure('already_exists'));
    const plans = new Store<StoredScalePlan>({ onChange: () => undefined, onListenerError: () => undefined });
    await createScalePlanWriter(client, plans).createPlan(aScalePlan({ expiresAtMs: OPENS_AT_MS }), signal);
    expect(calls).toHaveLength(1);
  });

  it('is told where it stands in its status alone', async () => {
    const plan = aScalePlan({ expiresAtMs: OPENS_AT_MS });
    answers.push(() => ({ ...plan, metadata: { ...plan.metadata, uid: '1', resourceVersion: '2' } }));
    const plans = new Store<StoredScalePlan>({ onChange: () => undefined, onListenerError: () => undefined });
    await createScalePlanWriter(client, plans).writeStatus(plan, { state: 'Expired' }, signal);
    expect(calls[0]).toMatchObject({
      verb: 'patch',
      subresource: 'status',
      body: [{ op: 'add', path: '/status', value: { state: 'Expired' } }],
    });
  });
});

describe('where a plan stands', () => {
  it('is written against the plan that was seen, so that one decided on meanwhile is not called superseded', async () => {
    const { metadata, ...rest } = aScalePlan({ expiresAtMs: OPENS_AT_MS });
    const seen = { ...rest, metadata: { ...metadata, resourceVersion: '7' } };
    const plans = new Store<StoredScalePlan>({ onChange: () => undefined, onListenerError: () => undefined });
    answers.push(failure('invalid'));
    const writing = createScalePlanWriter(client, plans).writeStatus(seen, { state: 'Superseded' }, signal);
    await expect(writing).rejects.toThrow();
    expect(calls[0]?.body).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'add', path: '/status', value: { state: 'Superseded' } },
    ]);
  });
});

describe('what people wrote into a plan', () => {
  const at = (time: string, field: string, manager = 'kubectl-patch') => ({
    manager,
    operation: 'Update',
    time,
    fieldsV1: { 'f:spec': { [`f:${field}`]: {} } },
  });
  const read = (changes: { readonly spec?: object; readonly status?: object; readonly managedFields: object[] }) => {
    const { metadata, spec, ...plan } = aScalePlan({ expiresAtMs: OPENS_AT_MS });
    const { managedFields, ...more } = changes;
    return keepScalePlan(
      parseObject({
        ...plan,
        metadata: { ...metadata, uid: '1', resourceVersion: '2', managedFields },
        ...more,
        spec: { ...spec, ...more.spec },
      }),
    ).status;
  };
  const decision = { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil: '2020-09-25T04:00:00Z' };

  it.each([
    ['is from when the server took it', {}, [at('2020-09-25T01:50:00Z', 'decision')], '2020-09-25T01:50:00Z'],
    [
      'stays as it was noted, whatever the same client writes later',
      { status: { state: 'Approved', decidedAt: '2020-09-25T01:50:00Z' } },
      [at('2020-09-25T03:00:00Z', 'decision')],
      '2020-09-25T01:50:00Z',
    ],
    ['is from nobody knows when without that', {}, [at('2020-09-25T01:50:00Z', 'ceilings')], undefined],
  ])('%s', (_, more, managedFields, want) => {
    expect(read({ spec: { decision }, managedFields, ...more })?.decidedAt).toBe(want);
  });

  it('is not dated before it is written', () => {
    expect(read({ managedFields: [at('2020-09-25T01:50:00Z', 'ceilings')] })).toBeUndefined();
    const early = { status: { state: 'Pending', decidedAt: '2020-09-25T01:00:00Z' } };
    expect(read({ managedFields: [], ...early })).toEqual({ state: 'Pending' });
  });
});

describe('the lease', () => {
  const record = { holder: 'a', durationMs: 4_000, acquiredAtMs: 1_000, renewedAtMs: 2_000, transitions: 3 };
  const answered = ({ body }: ApiCall): unknown => ({
    ...(body as object),
    metadata: { resourceVersion: '12' },
  });

  it('is created without a version and replaced with one', async () => {
    const leases = createLeaseStore(client, 'system', 'voucher-operator');
    answers.push(answered, answered);
    expect(await leases.write(record, undefined, signal)).toEqual({ ...record, version: '12' });
    expect(await leases.write(record, '12', signal)).toEqual({ ...record, version: '12' });
    expect(calls.map(({ verb, name }) => `${verb} ${name ?? ''}`)).toEqual(['create ', 'update voucher-operator']);
    expect(calls[1]?.body).toMatchObject({
      metadata: { resourceVersion: '12' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 4, renewTime: '1970-01-01T00:00:02.000000Z' },
    });
  });

  it('that somebody else wrote is a conflict; one that is not there is none', async () => {
    const leases = createLeaseStore(client, 'system', 'voucher-operator');
    answers.push(failure('already_exists'), failure('conflict'), failure('not_found'));
    expect(await leases.write(record, undefined, signal)).toBe('conflict');
    expect(await leases.write(record, '1', signal)).toBe('conflict');
    expect(await leases.read(signal)).toBeUndefined();
  });
});

/** Who may let the operator use more, on a real API server with the chart's own policies and roles. No operator runs. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { CHART, helm, NAMESPACE, RELEASE } from '../../component/chart/render.ts';
import { eventually } from '../../helpers/eventually.ts';
import { campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { type OwnWorld, startWorld } from './world.ts';

jest.setTimeout(120_000);

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const PATHS: Readonly<Record<string, string>> = {
  ClusterRole: `${RBAC}/clusterroles`,
  ValidatingAdmissionPolicy: `${ADMISSION}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: `${ADMISSION}/validatingadmissionpolicybindings`,
};
const OWNER = 'li.wei';
const EDITOR = 'zhang.min';
/** Has every right on both kinds, and not the verb. */
const MIGHTY = 'wang.fang';
const OPERATOR = `system:serviceaccount:${NAMESPACE}:${RELEASE}`;

let world: OwnWorld;
let namespace = '';
let plans = 0;

const apply = async (text: string): Promise<void> => {
  for (const document of parseAllDocuments(text)) {
    const body = document.toJS();
    const path = PATHS[body?.kind];
    if (path !== undefined) await world.plane.call({ method: 'POST', path, body });
  }
};

const bind = (user: string, role: string) =>
  world.plane.call({
    method: 'POST',
    path: `${RBAC}/namespaces/${namespace}/rolebindings`,
    body: {
      metadata: { name: `${user}-${role}`.replaceAll(':', '-') },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });

const plansPath = (): string => `${GROUP}/namespaces/${namespace}/scaleplans`;
const campaignsPath = (): string => `${GROUP}/namespaces/${namespace}/vouchercampaigns`;

const planBody = (expiresInMs: number, more: object = {}) => {
  plans += 1;
  return {
    apiVersion: 'voucher-operator.io/v1alpha1',
    kind: 'ScalePlan',
    metadata: { name: `plan-${plans}` },
    spec: {
      campaignName: 'spring',
      campaignId: 'spring',
      reason: 'Load',
      ceilings: { intake: 40 },
      evidence: [{ signal: 'arrivalsPerSecond', value: 9_200, ageSeconds: 0.8 }],
      expiresAt: new Date(Date.now() + expiresInMs).toISOString(),
      ...more,
    },
  };
};
const approval = (decidedBy: string, more: object = {}) => ({
  verdict: 'Approved',
  decidedBy,
  ceilingUntil: new Date(Date.now() + 7_200_000).toISOString(),
  ...more,
});

/** A plan as the operator makes it; answers its name. */
const newPlan = async (expiresInMs = 900_000): Promise<string> => {
  const body = planBody(expiresInMs);
  await world.plane.call({ method: 'POST', path: plansPath(), body });
  return body.metadata.name;
};

const said = async (answer: Promise<{ readonly status: number; readonly body: string }>) => {
  const { status, body } = await answer;
  return { status, message: String(JSON.parse(body).message ?? '') };
};
const decide = (user: string, plan: string, decision: object) =>
  said(
    world.plane.answer({
      method: 'PATCH',
      path: `${plansPath()}/${plan}`,
      body: { spec: { decision } },
      contentType: 'application/merge-patch+json',
      as: user,
    }),
  );
const create = async (user: string, name: string, authorized: object) =>
  said(
    world.plane.answer({
      method: 'POST',
      path: campaignsPath(),
      body: await campaignBody(name, { spec: { scaling: { authorized } } }),
      as: user,
    }),
  );
const edit = (user: string, name: string, authorized: object) =>
  said(
    world.plane.answer({
      method: 'PATCH',
      path: `${campaignsPath()}/${name}`,
      body: { spec: { scaling: { authorized } } },
      contentType: 'application/merge-patch+json',
      as: user,
    }),
  );

beforeAll(async () => {
  world = await startWorld();
  namespace = await world.createNamespace();
  await apply(await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE]));
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  await world.plane.call({
    method: 'POST',
    path: `${RBAC}/clusterroles`,
    body: {
      metadata: { name: 'mighty' },
      rules: [{ apiGroups: ['voucher-operator.io'], resources: ['vouchercampaigns', 'scaleplans'], verbs }],
    },
  });
  const people = `${NAMESPACE}-${RELEASE}-campaign`;
  await Promise.all([
    bind(OWNER, `${people}-owner`),
    bind(OWNER, `${people}-editor`),
    bind(EDITOR, `${people}-editor`),
    bind(MIGHTY, 'mighty'),
    bind(OPERATOR, 'mighty'),
  ]);
  // A policy is in force some time after it was written.
  await eventually(async () => (await decide(MIGHTY, await newPlan(), approval(MIGHTY))).status === 403, {
    timeoutMs: 30_000,
    everyMs: 200,
    what: 'the policies to be in force',
  });
  await eventually(
    async () => (await create(MIGHTY, `first-${plans++}`, { ceilings: { intake: 21 } })).status === 403,
    {
      timeoutMs: 30_000,
      everyMs: 200,
      what: 'the policies to be in force',
    },
  );
});

afterAll(async () => {
  await world?.plane.stop();
});

describe('a decision on a plan', () => {
  it('is the owner’s, also for somebody else’s account', async () => {
    const forTheBureau = { onBehalfOf: 'Municipal Bureau of Commerce', reference: 'CD-2027-0317' };
    expect(await decide(OWNER, await newPlan(), approval(OWNER, forTheBureau))).toMatchObject({ status: 200 });
    const rejection = { verdict: 'Rejected', decidedBy: OWNER, reason: 'enough' };
    expect(await decide(OWNER, await newPlan(), rejection)).toMatchObject({ status: 200 });
  });

  it.each([
    ['an editor, who has no right on plans', EDITOR, 'cannot patch resource "scaleplans"'],
    ['somebody with every right but that one', MIGHTY, 'which the ClusterRole voucher-system-vo-campaign-owner gives'],
    ['the operator, whatever rights it was given', OPERATOR, 'may not decide on plans in namespace test-1'],
  ])('is not that of %s', async (_, user, words) => {
    const { status, message } = await decide(user, await newPlan(), approval(user));
    expect(status).toBe(403);
    expect(message).toContain(words);
  });

  it('bears the name of whoever makes it', async () => {
    const { status, message } = await decide(OWNER, await newPlan(), approval('mayor'));
    expect(status).toBe(403);
    expect(message).toContain('decidedBy: is mayor, must be your own name, li.wei');
  });

  it('is made once', async () => {
    const plan = await newPlan();
    await decide(OWNER, plan, approval(OWNER));
    const changed = await decide(OWNER, plan, approval(OWNER, { reference: 'another' }));
    expect(changed).toMatchObject({ status: 422, message: expect.stringContaining('decision is written once') });
  });

  it('comes too late when the plan has expired, by the API server’s own clock', async () => {
    const plan = await newPlan(1_000);
    const late = await eventually(
      async () => {
        const answer = await said(
          world.plane.answer({
            method: 'PATCH',
            path: `${plansPath()}/${plan}?dryRun=All`,
            body: { spec: { decision: approval(OWNER) } },
            contentType: 'application/merge-patch+json',
            as: OWNER,
          }),
        );
        return answer.status === 200 ? undefined : answer;
      },
      { timeoutMs: 10_000, everyMs: 200, what: 'the plan to expire' },
    );
    expect(late).toMatchObject({ status: 403, message: expect.stringContaining('the plan expired at') });
    expect(await decide(OWNER, plan, approval(OWNER))).toMatchObject({ status: 403 });
  });

  it('does not come with the plan itself, nor with another plan than was made', async () => {
    const ready = planBody(900_000, { decision: approval(MIGHTY) });
    const made = await said(world.plane.answer({ method: 'POST', path: plansPath(), body: ready, as: MIGHTY }));
    expect(made).toMatchObject({ status: 403, message: expect.stringContaining('made without a decision') });
    const plan = await newPlan();
    const edited = await said(
      world.plane.answer({
        method: 'PATCH',
        path: `${plansPath()}/${plan}`,
        body: { spec: { ceilings: { intake: 400 }, decision: approval(OWNER) } },
        contentType: 'application/merge-patch+json',
        as: OWNER,
      }),
    );
    expect(edited).toMatchObject({ status: 422, message: expect.stringContaining('immutable') });
  });
});

describe('what a campaign says is authorised', () => {
  const window = {
    from: '2027-03-01T00:00:00Z',
    until: '2027-03-02T00:00:00Z',
    ceilings: { intake: 60 },
  };

  it('may be the chart’s default, or less, by an editor', async () => {
    expect(await create(EDITOR, 'ordinary', {})).toMatchObject({ status: 201 });
    expect(await create(EDITOR, 'small', { ceilings: { intake: 5 } })).toMatchObject({ status: 201 });
    expect(await edit(EDITOR, 'ordinary', { ceilings: { intake: 10 } })).toMatchObject({ status: 200 });
  });

  it.each([
    ['more intake', { ceilings: { intake: 21 } }, 'ceilings.intake: 21 is above 20'],
    ['more records', { ceilings: { records: 5 } }, 'ceilings.records: 5 is above 4'],
    ['a window', { windows: [window] }, 'windows: one is new or changed'],
  ])('is not made with %s by an editor', async (what, authorized, words) => {
    const { status, message } = await create(EDITOR, what.replaceAll(' ', '-'), authorized);
    expect(status).toBe(403);
    expect(message).toContain(words);
    expect(message).toContain('asks the owner by a ScalePlan');
  });

  it('is not raised by an editor, not even back to what it was, and not by making the campaign anew', async () => {
    expect(await create(EDITOR, 'lowered', { ceilings: { intake: 10 } })).toMatchObject({ status: 201 });
    expect(await edit(EDITOR, 'lowered', { ceilings: { intake: 12 } })).toMatchObject({ status: 403 });
    expect(await edit(EDITOR, 'lowered', { windows: [window] })).toMatchObject({ status: 403 });
    await world.plane.call({ method: 'DELETE', path: `${campaignsPath()}/lowered` });
    expect(await create(EDITOR, 'lowered', { ceilings: { intake: 30 } })).toMatchObject({ status: 403 });
  });

  it('is raised by an owner, and an editor may edit the rest of it', async () => {
    expect(await create(OWNER, 'large', { ceilings: { intake: 60 }, windows: [window] })).toMatchObject({
      status: 201,
    });
    const retitled = await said(
      world.plane.answer({
        method: 'PATCH',
        path: `${campaignsPath()}/large`,
        body: { spec: { title: { en: 'Retitled' } } },
        contentType: 'application/merge-patch+json',
        as: EDITOR,
      }),
    );
    expect(retitled).toMatchObject({ status: 200 });
    const wider = { ...window, ceilings: { intake: 90 } };
    expect(await edit(EDITOR, 'large', { windows: [wider] })).toMatchObject({ status: 403 });
    expect(await edit(EDITOR, 'large', { windows: [] })).toMatchObject({ status: 200 });
    expect(await edit(EDITOR, 'large', { windows: [window] })).toMatchObject({ status: 403 });
  });
});

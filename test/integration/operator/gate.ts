/** The chart's own policies and roles on a real API server, and people who try their rights. No operator runs. */

import { parseAllDocuments } from 'yaml';
import { CHART, helm, NAMESPACE, RELEASE } from '../../chart/render.ts';
import { RBAC, RIGHTS_PATHS } from '../../helpers/chart-rights.ts';
import { eventually } from '../../helpers/eventually.ts';
import { campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { type OwnWorld, startWorld } from './world.ts';

export const OWNER = 'li.wei';
/** An owner who is an editor too, and so may create campaigns. */
export const CHIEF = 'chen.jing';
export const EDITOR = 'zhang.min';
export const REVIEWER = 'zhao.lei';
/** Has every right on both kinds, and not the verb. */
export const MIGHTY = 'wang.fang';
export const OPERATOR = `system:serviceaccount:${NAMESPACE}:${RELEASE}`;

interface Said {
  readonly status: number;
  readonly message: string;
}

export interface Gate {
  readonly world: OwnWorld;
  readonly namespace: string;
  readonly plansPath: string;
  readonly campaignsPath: string;
  planBody(expiresInMs: number, more?: object): { readonly metadata: { readonly name: string }; readonly spec: object };
  /** A plan as the operator creates it; answers its name. */
  newPlan(expiresInMs?: number): Promise<string>;
  decide(user: string, plan: string, decision: object): Promise<Said>;
  revoke(user: string, plan: string, revocation: object): Promise<Said>;
  /** What the operator writes. */
  writeStatus(plan: string, status: object): Promise<unknown>;
  create(user: string, name: string, authorized: object): Promise<Said>;
  edit(user: string, name: string, authorized: object): Promise<Said>;
  /** A merge patch, as that user. */
  patch(user: string, path: string, body: object): Promise<Said>;
  post(user: string, path: string, body: object): Promise<Said>;
}

export const approval = (decidedBy: string, more: object = {}) => ({
  verdict: 'Approved',
  decidedBy,
  ceilingUntil: new Date(Date.now() + 7_200_000).toISOString(),
  ...more,
});

const said = async (answer: Promise<{ readonly status: number; readonly body: string }>): Promise<Said> => {
  const { status, body } = await answer;
  return { status, message: String(JSON.parse(body).message ?? '') };
};

export const startGate = async (): Promise<Gate> => {
  const world = await startWorld();
  const { plane } = world;
  const namespace = await world.createNamespace();
  const plansPath = `${GROUP}/namespaces/${namespace}/scaleplans`;
  const campaignsPath = `${GROUP}/namespaces/${namespace}/vouchercampaigns`;
  let plans = 0;

  const bind = (user: string, role: string) =>
    plane.call({
      method: 'POST',
      path: `${RBAC}/namespaces/${namespace}/rolebindings`,
      body: {
        metadata: { name: `${user}-${role}`.replaceAll(':', '-') },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
      },
    });
  const post: Gate['post'] = (user, path, body) => said(plane.answer({ method: 'POST', path, body, as: user }));
  const patch: Gate['patch'] = (user, path, body) =>
    said(plane.answer({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', as: user }));
  const planBody: Gate['planBody'] = (expiresInMs, more = {}) => {
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
  const gate: Gate = {
    world,
    namespace,
    plansPath,
    campaignsPath,
    planBody,
    post,
    patch,
    async newPlan(expiresInMs = 900_000) {
      const body = planBody(expiresInMs);
      await plane.call({ method: 'POST', path: plansPath, body });
      return body.metadata.name;
    },
    decide: (user, plan, decision) => patch(user, `${plansPath}/${plan}`, { spec: { decision } }),
    revoke: (user, plan, revocation) => patch(user, `${plansPath}/${plan}`, { spec: { revocation } }),
    writeStatus: (plan, status) => world.patch(`${plansPath}/${plan}/status`, { status }),
    create: async (user, name, authorized) =>
      post(user, campaignsPath, await campaignBody(name, { spec: { scaling: { authorized } } })),
    edit: (user, name, authorized) => patch(user, `${campaignsPath}/${name}`, { spec: { scaling: { authorized } } }),
  };

  for (const document of parseAllDocuments(await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE]))) {
    const body = document.toJS();
    const path = RIGHTS_PATHS[body?.kind];
    if (path !== undefined) await plane.call({ method: 'POST', path, body });
  }
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  const resources = ['vouchercampaigns', 'scaleplans', 'scaleplans/status'];
  await plane.call({
    method: 'POST',
    path: `${RBAC}/clusterroles`,
    body: { metadata: { name: 'mighty' }, rules: [{ apiGroups: ['voucher-operator.io'], resources, verbs }] },
  });
  const people = `${NAMESPACE}-${RELEASE}-campaign`;
  await Promise.all([
    bind(OWNER, `${people}-owner`),
    bind(CHIEF, `${people}-owner`),
    bind(CHIEF, `${people}-editor`),
    bind(EDITOR, `${people}-editor`),
    bind(REVIEWER, `${people}-reviewer`),
    bind(MIGHTY, 'mighty'),
    bind(OPERATOR, 'mighty'),
  ]);
  // A policy is in force some time after it was written.
  const soon = { everyMs: 200, what: 'the policies to be in force' };
  await eventually(
    async () => (await gate.decide(MIGHTY, await gate.newPlan(), approval(MIGHTY))).status === 403,
    soon,
  );
  await eventually(async () => {
    plans += 1;
    return (await gate.create(MIGHTY, `first-${plans}`, { ceilings: { intake: 21 } })).status === 403;
  }, soon);
  const approved = await gate.newPlan();
  await gate.decide(OWNER, approved, approval(OWNER));
  const path = `${plansPath}/${approved}?dryRun=All`;
  const revocation = { revokedBy: MIGHTY, reason: 'policy' };
  await eventually(async () => (await patch(MIGHTY, path, { spec: { revocation } })).status === 403, soon);
  return gate;
};

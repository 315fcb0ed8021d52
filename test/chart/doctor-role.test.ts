/** `kubectl voucher doctor` with the chart's role for it, and nothing else: an API server of straw applies the rules as Helm renders them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/run.ts';
import { type Answer, type Received, StrawApiServer } from '../component/kube/api-server.ts';
import { aReport, aStatus, conditions } from '../helpers/a-status.ts';
import { NAMESPACE, RELEASE, type Rule, render } from './render.ts';

let server: StrawApiServer;
let folder = '';
let rules: readonly Rule[] = [];
let viewer: readonly Rule[] = [];

beforeAll(async () => {
  server = await new StrawApiServer().start();
  folder = await mkdtemp(join(tmpdir(), 'voucher-doctor-'));
  await writeFile(join(folder, 'config'), server.kubeconfig);
  const manifests = await render();
  const rulesOf = (name: string): readonly Rule[] =>
    manifests.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === `${NAMESPACE}-vo-${name}`)
      ?.rules ?? [];
  [rules, viewer] = [rulesOf('doctor'), rulesOf('campaign-viewer')];
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
}

const PATH = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/[^/]+(?=\/))?\/([a-z]+)(?:\/([^/]+))?$/;

const askedOf = ({ path }: Received): Asked | undefined => {
  const [, group = '', resource, name] = PATH.exec(path) ?? [];
  return resource === undefined ? undefined : { group, resource, name };
};

const permits = (all: readonly Rule[], { group, resource, name }: Asked): boolean =>
  all.some(
    ({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.includes(group) &&
      resources.includes(resource) &&
      verbs.includes(name === undefined ? 'list' : 'get') &&
      (resourceNames === undefined || (name !== undefined && resourceNames.includes(name))),
  );

const { campaign: made } = aReport({ status: aStatus({ conditions: conditions() }) });
const campaign = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
/** By its Deployment the doctor finds the operator's Lease. */
const OPERATOR = {
  metadata: { name: RELEASE, namespace: NAMESPACE, uid: '1', resourceVersion: '1' },
  spec: { replicas: 2, template: { spec: { containers: [{ image: 'voucher-operator:0.1.0' }] } } },
};

const found = ({ resource, name }: Asked, { query }: Received): Answer => {
  if (name !== undefined) {
    return resource === 'vouchercampaigns'
      ? { status: 200, body: campaign }
      : { status: 404, body: { kind: 'Status', code: 404, reason: 'NotFound', message: `no ${name}` } };
  }
  const isOperators = resource === 'deployments' && query.get('labelSelector')?.includes('component=operator');
  const items = isOperators ? [OPERATOR] : resource === 'vouchercampaigns' ? [campaign] : [];
  return { status: 200, body: { metadata: { resourceVersion: '1' }, items } };
};

/** @returns resources that were refused, and the checks that say so */
const doctor = async (rights: readonly Rule[]) => {
  const refused = new Set<string>();
  const asked = new Set<string>();
  server.handler = (request) => {
    if (request.path === '/version') return { status: 200, body: { gitVersion: 'v1.36.3' } };
    const what = askedOf(request);
    if (request.method !== 'GET' || what === undefined)
      return { status: 500, text: `${request.method} ${request.path}` };
    asked.add(what.resource);
    if (permits(rights, what)) return found(what, request);
    refused.add(what.resource);
    return { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' } };
  };
  const out: string[] = [];
  const err: string[] = [];
  await runCli(['doctor', 'spring', '-n', 'vouchers', '-o', 'json'], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => Date.now(),
    env: { KUBECONFIG: join(folder, 'config') },
  });
  const findings: readonly { readonly check: string; readonly said: string }[] =
    out.length === 0 ? [] : JSON.parse(out.join('')).findings;
  const hidden = findings.filter(({ said }) => said.includes('you lack permission')).map(({ check }) => check);
  return { asked, refused: [...refused], hidden, findings, err: err.join('') };
};

describe('the role for the doctor', () => {
  it('lets every check run, except those that need contents of Secrets', async () => {
    const { asked, refused, hidden, findings, err } = await doctor(rules);
    expect(err).toBe('');
    expect(asked.size).toBeGreaterThan(14);
    expect(refused).toEqual(['secrets']);
    expect(hidden).toEqual(['certificates']);
    expect(findings.length).toBeGreaterThan(20);
  });

  it('has no rule without which nothing would be refused', async () => {
    for (const [index, rule] of rules.entries()) {
      for (const resource of rule.resources) {
        const less = rules.with(index, { ...rule, resources: rule.resources.filter((one) => one !== resource) });
        expect([resource, (await doctor(less)).refused]).toEqual([resource, expect.arrayContaining([resource])]);
      }
    }
  });

  it('is needed: a viewer of campaigns alone is refused most of it', async () => {
    expect((await doctor(viewer)).refused).toEqual(
      expect.arrayContaining(['nodes', 'deployments', 'customresourcedefinitions', 'validatingadmissionpolicies']),
    );
  });

  it('reads no Secret and changes nothing', () => {
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['get', 'list']));
  });
});

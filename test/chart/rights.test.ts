import { describe, expect, it } from '@jest/globals';
import { EXTERNAL, type Manifest, NAMESPACE, type Rule, render, WATCHING, WITH_CAMPAIGNS } from './render.ts';

const roles = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
const isHook = ({ metadata }: Manifest): boolean => metadata.annotations?.['helm.sh/hook'] !== undefined;
const rulesOf = (manifests: readonly Manifest[]): readonly Rule[] => manifests.flatMap(({ rules = [] }) => rules);
const touches = ({ apiGroups, resources }: Rule, group: string, resource: string): boolean =>
  (apiGroups.includes(group) || apiGroups.includes('*')) && (resources.includes(resource) || resources.includes('*'));

const role = (manifests: readonly Manifest[], name: string): readonly Rule[] => {
  const found = roles(manifests).filter(({ metadata }) => metadata.name === name);
  if (found.length === 0) throw new Error(`no role ${name}`);
  return rulesOf(found);
};
const verbs = (rules: readonly Rule[], resource: string): readonly string[] => [
  ...new Set(rules.filter((rule) => touches(rule, 'voucher-operator.io', resource)).flatMap((rule) => rule.verbs)),
];

const INSTALLATIONS = [
  ['with the embedded data plane', WITH_CAMPAIGNS],
  ['with an external data plane', EXTERNAL],
  ['in watched namespaces', WATCHING],
] as const;

describe.each(INSTALLATIONS)('rights of an installation %s', (_, values) => {
  it('to Secrets: nobody has any, but the set-up that may create them', async () => {
    const all = roles(await render(values));
    const toSecrets = all.filter(({ rules = [] }) => rules.some((rule) => touches(rule, '', 'secrets')));
    expect(toSecrets.filter((one) => !isHook(one))).toEqual([]);
    for (const rule of rulesOf(toSecrets)) {
      expect(rule).toEqual({ apiGroups: [''], resources: ['secrets'], verbs: ['create'] });
    }
  });

  it('name every group, resource and verb', async () => {
    for (const rule of rulesOf(roles(await render(values)))) {
      expect([...rule.apiGroups, ...rule.resources, ...rule.verbs]).not.toContain('*');
    }
  });

  it('let nobody run code in a pod or become somebody else', async () => {
    const rules = rulesOf(roles(await render(values)));
    for (const resource of ['pods/exec', 'pods/attach', 'pods/portforward', 'serviceaccounts/token']) {
      expect([resource, rules.filter((rule) => touches(rule, '', resource))]).toEqual([resource, []]);
    }
    expect(rules.filter((rule) => touches(rule, '', 'nodes')).map(({ verbs: ofNodes }) => ofNodes)).toEqual([['list']]);
    for (const verb of ['impersonate', 'escalate', 'bind']) {
      expect(rules.filter((rule) => rule.verbs.includes(verb))).toEqual([]);
    }
  });
});

describe('the operator', () => {
  it('may empty the privacy Secrets that an admin lists, and no other', async () => {
    const emptyPrivacySecrets = [{ namespace: 'vouchers', name: 'voucher-privacy' }];
    const all = roles(await render({ rbac: { emptyPrivacySecrets } }));
    const toSecrets = all.filter((one) => !isHook(one) && rulesOf([one]).some((rule) => touches(rule, '', 'secrets')));
    expect(toSecrets).toMatchObject([
      {
        kind: 'Role',
        metadata: { namespace: 'vouchers' },
        rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['voucher-privacy'], verbs: ['patch'] }],
      },
    ]);
  });

  it('has the same rights in watched namespaces as in all, and none of them anywhere else', async () => {
    const everywhere = role(await render(), `${NAMESPACE}-vo`);
    const watching = await render(WATCHING);
    const own = roles(watching).filter(({ metadata }) => metadata.name === 'vo');
    expect(own.map(({ metadata }) => metadata.namespace)).toEqual(['vouchers', 'other']);
    for (const one of own) expect(one.rules).toEqual(everywhere);
    expect(watching.filter(({ kind }) => kind === 'ClusterRoleBinding')).toEqual([]);
  });

  it('may hold one lease only', async () => {
    const [create, hold] = role(await render(), 'vo-leader');
    expect(create?.verbs).toEqual(['create']);
    expect(hold).toMatchObject({ resourceNames: ['vo'], verbs: ['get', 'update'] });
  });

  it('may not change what a campaign asks for, nor decide about a plan', async () => {
    const rules = role(await render(), `${NAMESPACE}-vo`);
    // Patch is for finalizers; a policy of the chart refuses it for the rest.
    expect(verbs(rules, 'vouchercampaigns')).toEqual(['get', 'list', 'watch', 'patch']);
    const [policy] = (await render()).filter(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith('-finalizers-only'),
    );
    expect(JSON.stringify(policy)).toContain('object.spec == oldObject.spec');
    expect(verbs(rules, 'scaleplans')).toEqual(['get', 'list', 'watch', 'create']);
  });

  it('may create Jobs, and neither change nor delete one', async () => {
    const rules = role(await render(), `${NAMESPACE}-vo`);
    expect(rules.filter((rule) => touches(rule, 'batch', 'jobs'))).toEqual([
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create'] },
    ]);
  });

  it('may look at quotas, so that it need not believe what a controller said of one an hour ago', async () => {
    const rules = role(await render(), `${NAMESPACE}-vo`);
    expect(rules.filter(({ resources = [] }) => resources.includes('resourcequotas'))).toEqual([
      { apiGroups: [''], resources: ['resourcequotas'], verbs: ['list'] },
    ]);
  });
});

describe('readers of trails', () => {
  const readers = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'auditors' }];

  it('may get one port of one Service through the API server, and nothing else', async () => {
    expect(role(await render(), 'vo-audit-reader')).toEqual([
      { apiGroups: [''], resources: ['services/proxy'], resourceNames: ['vo-audit:audit'], verbs: ['get'] },
    ]);
  });

  it('have, with reviewers, the only ways through the API server to a pod', async () => {
    const manifests = await render({ ...WITH_CAMPAIGNS, audit: { readers } });
    const proxied = roles(manifests).filter(({ rules = [] }) =>
      rules.some(({ resources }) => resources.some((one) => one.endsWith('/proxy'))),
    );
    expect(proxied.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      ['vo-audit-reader', `${NAMESPACE}-vo-campaign-reviewer`].toSorted(),
    );
  });

  it('are nobody unless the values name them, and then they', async () => {
    const bound = (manifests: readonly Manifest[]) =>
      manifests.filter(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === 'vo-audit-reader');
    expect(bound(await render())).toEqual([]);
    expect(bound(await render({ audit: { readers } }))).toEqual([
      expect.objectContaining({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'vo-audit-reader' },
        subjects: readers,
      }),
    ]);
  });
});

describe('people', () => {
  const person = async (who: string): Promise<readonly Rule[]> =>
    role(await render(), `${NAMESPACE}-vo-campaign-${who}`);

  it('of whom only the owner may authorise', async () => {
    expect(verbs(await person('owner'), 'scaleplans')).toContain('authorize');
    expect(verbs(await person('owner'), 'vouchercampaigns')).toContain('authorize');
    for (const who of ['admin', 'editor', 'viewer']) {
      expect([who, rulesOf([{ rules: await person(who) } as Manifest]).flatMap((rule) => rule.verbs)]).toEqual([
        who,
        expect.not.arrayContaining(['authorize']),
      ]);
    }
  });

  it('of whom an owner writes commands into a campaign, and may not create or replace one', async () => {
    expect([...verbs(await person('owner'), 'vouchercampaigns')].toSorted()).toEqual([
      'authorize',
      'erase',
      'get',
      'list',
      'patch',
      'watch',
    ]);
  });

  it('of whom only the owner may erase a person', async () => {
    expect(verbs(await person('owner'), 'vouchercampaigns')).toContain('erase');
    for (const who of ['admin', 'editor', 'viewer']) {
      expect([who, verbs(await person(who), 'vouchercampaigns')]).toEqual([who, expect.not.arrayContaining(['erase'])]);
    }
  });

  it('of whom none scales a Deployment past the owner', async () => {
    for (const who of ['admin', 'editor', 'owner', 'viewer']) {
      const rules = await person(who);
      expect([who, rules.filter((rule) => touches(rule, 'apps', 'deployments'))]).toEqual([who, []]);
      expect([who, rules.filter((rule) => touches(rule, 'apps', 'deployments/scale'))]).toEqual([who, []]);
    }
  });

  it('who edit campaigns can neither delete one nor decide about a plan', async () => {
    expect(verbs(await person('editor'), 'vouchercampaigns')).not.toContain('delete');
    expect(verbs(await person('editor'), 'scaleplans')).toEqual(['get', 'list', 'watch']);
  });

  it('of whom only a reviewer may review, and a reviewer may not edit', async () => {
    expect(verbs(await person('reviewer'), 'vouchercampaigns')).toEqual(['get', 'list', 'patch', 'review']);
    expect(verbs(await person('reviewer'), 'scaleplans')).toEqual([]);
    for (const who of ['admin', 'editor', 'owner', 'viewer']) {
      expect([who, verbs(await person(who), 'vouchercampaigns')]).toEqual([
        who,
        expect.not.arrayContaining(['review']),
      ]);
    }
  });

  it('whose commands are checked also where authorisations are not, because they contain a name', async () => {
    const policies = (await render({ admission: { authorize: false } }))
      .filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
      .map(({ metadata }) => metadata.name.replace(`${NAMESPACE}-vo-`, ''));
    expect(policies).toEqual(expect.arrayContaining(['draw', 'issuance', 'review', 'privacy']));
    expect(policies).not.toContain('ceilings');
  });

  it('get their roles by those of Kubernetes, except owner and reviewer, who are appointed', async () => {
    const aggregated = (await render())
      .filter(({ metadata }) => metadata.name.includes('-campaign-'))
      .map(({ metadata }) => [
        metadata.name.replace(`${NAMESPACE}-vo-campaign-`, ''),
        Object.keys(metadata.labels ?? {}).filter((key) => key.includes('aggregate-to-')),
      ]);
    expect(Object.fromEntries(aggregated)).toEqual({
      admin: ['rbac.authorization.k8s.io/aggregate-to-admin'],
      editor: ['rbac.authorization.k8s.io/aggregate-to-edit'],
      owner: [],
      reviewer: [],
      viewer: ['rbac.authorization.k8s.io/aggregate-to-view'],
    });
  });
});

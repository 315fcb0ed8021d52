/** Namespaces that the values name and that are not there stop nothing: they are left out, of rights, hooks and Secrets. */
import { describe, expect, it } from '@jest/globals';
import { podsOf } from './pods.ts';
import { type PretendState, pretendCluster } from './pretend-cluster.ts';
import { CHART, EXTERNAL, helm, type Manifest, NAMESPACE, RELEASE, render } from './render.ts';

const watching = (...watchNamespaces: readonly string[]) => ({ operator: { watchNamespaces } });
const serving = (...namespaces: readonly string[]) => ({
  dataPlane: {
    embedded: {
      nats: { maxFileStoreBytes: 20_000_000_000 },
      campaigns: namespaces.map((namespace) => ({ campaignId: `in-${namespace}`, namespace })),
    },
  },
});
const withCluster = async <T>(state: PretendState, use: (flags: readonly string[]) => Promise<T>): Promise<T> => {
  const cluster = await pretendCluster([], RELEASE, state);
  try {
    return await use(cluster.flags);
  } finally {
    await cluster.close();
  }
};
const seeing = (state: PretendState, values: object): Promise<readonly Manifest[]> =>
  withCluster(state, (flags) => render(values, { flags }));
/** Every namespace that something is made in, hooks included. */
const touched = (manifests: readonly Manifest[]): readonly string[] =>
  [...new Set(manifests.flatMap(({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace])))].sort();
const clusterWide = (manifests: readonly Manifest[]): readonly string[] =>
  manifests.filter(({ kind }) => kind === 'ClusterRoleBinding').map(({ metadata }) => metadata.name);

interface Request {
  readonly watchNamespaces?: readonly string[];
  readonly campaigns: readonly { readonly campaignId: string; readonly isLeftOut?: boolean }[];
}
const requestOf = (manifests: readonly Manifest[]): Request => {
  const containers = podsOf(manifests).flatMap(({ spec }) => spec.containers);
  const value = containers.flatMap(({ env = [] }) => env).find(({ name }) => name === 'VOUCHER_SETUP')?.value;
  if (value === undefined) throw new Error('no request');
  return JSON.parse(value);
};

describe.each([
  ['deleted', { namespaces: [NAMESPACE, 'stays'] }],
  ['being deleted', { namespaces: [NAMESPACE, 'stays'], ending: ['gone'] }],
  ['not there at the first installation, which makes the release’s own', { namespaces: ['stays'] }],
])('a namespace that is %s', (_, state) => {
  it.each([
    ['watched', watching('stays', 'gone')],
    ['watched, with an external data plane', { ...watching('stays', 'gone'), ...EXTERNAL }],
    ['that of a campaign', serving('stays', 'gone')],
    ['both', { ...watching('stays', 'gone'), ...serving('stays', 'gone') }],
  ])('and %s gets nothing, the other one its rights', async (_what, values) => {
    expect(touched(await seeing(state, values))).toEqual(['stays', NAMESPACE]);
  });

  it('is not looked at by the set-up, and its campaign keeps its account', async () => {
    const request = requestOf(await seeing(state, { ...watching('stays', 'gone'), ...serving('stays', 'gone') }));
    expect(request.watchNamespaces).toEqual(['stays']);
    expect(request.campaigns.map(({ campaignId, isLeftOut }) => [campaignId, isLeftOut])).toEqual([
      ['in-stays', undefined],
      ['in-gone', true],
    ]);
  });
});

describe('watched namespaces of which none is there', () => {
  it.each([
    ['embedded', {}],
    ['external', EXTERNAL],
  ])('are no right to all (%s data plane)', async (_, values) => {
    const manifests = await seeing({ namespaces: [NAMESPACE] }, { ...watching('gone'), ...values });
    expect(clusterWide(manifests)).toEqual([]);
    expect(touched(manifests)).toEqual([NAMESPACE]);
  });

  it('are none to the set-up, and none named is all', async () => {
    expect(requestOf(await seeing({ namespaces: [NAMESPACE] }, watching('gone'))).watchNamespaces).toEqual([]);
    expect(requestOf(await render())).not.toHaveProperty('watchNamespaces');
  });
});

describe('without a look at the cluster', () => {
  const all = ['gone', 'stays', NAMESPACE].sort();
  /** What Helm reads of a release by itself is not among them. */
  const forbidden = ['namespaces', 'vouchercampaigns', 'secrets', 'persistentvolumeclaims', 'endpointslices', 'leases'];
  it.each([
    ['because there is none', (values: object) => render(values)],
    ['because lookups are off', (values: object) => seeing({ namespaces: [] }, { ...values, lookups: false })],
    ['because nothing else may be read', (values: object) => seeing({ forbidden }, { ...values, lookups: false })],
  ])('%s, all are written', async (_, rendered) => {
    expect(touched(await rendered(watching('stays', 'gone')))).toEqual(all);
  });

  it('which is not allowed, Helm ends: lookups are on', async () => {
    await expect(seeing({ forbidden }, watching('stays'))).rejects.toThrow(/lookup/);
  });
});

it('says after an installation which are left out', async () => {
  const said = await withCluster({ namespaces: [NAMESPACE, 'stays'] }, (flags) =>
    helm(['install', RELEASE, CHART, '--namespace', NAMESPACE, ...flags], {
      ...watching('stays', 'gone'),
      ...serving('absent'),
      crds: { install: false },
    }),
  );
  for (const name of ['gone', 'absent']) {
    expect(said).toContain(`Namespace ${name} does not exist and is left out. Create`);
  }
  expect(said).not.toContain('Namespace stays does not');
});

describe('a namespace that another installation serves', () => {
  const campaign = { apiVersion: 'voucher-operator.io/v1alpha1', kind: 'VoucherCampaign' };
  const lease = (namespace: string, holderIdentity: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'voucher-operator-campaigns', namespace },
    spec: { holderIdentity, renewTime: '2027-03-01T02:00:00.000000Z' },
  });
  const notes = async (values: object): Promise<string> => {
    const spec = { campaignId: 'spring', dataPlane: { secretName: 'a' }, privacy: { keySecretName: 'b' } };
    const cluster = await pretendCluster(
      [
        { ...campaign, metadata: { name: 'spring', namespace: 'vouchers' }, ...{ spec } },
        { ...campaign, metadata: { name: 'spring', namespace: 'other' }, ...{ spec: { ...spec, campaignId: 'own' } } },
        lease('vouchers', 'elsewhere/voucher'),
        lease('other', `${NAMESPACE}/${RELEASE}`),
      ],
      RELEASE,
    );
    try {
      const flags = ['--namespace', NAMESPACE, ...cluster.flags];
      return await helm(['install', RELEASE, CHART, ...flags], { ...EXTERNAL, crds: { install: false }, ...values });
    } finally {
      await cluster.close();
    }
  };

  it('is reported after an installation, with the one that serves it and the remedy', async () => {
    const said = await notes({});
    expect(said).toContain('WARNING: another installation serves namespaces that this one watches too.');
    expect(said).toContain('vouchers: served by elsewhere/voucher, whose claim was renewed at 2027-03-01T02:00:00');
    expect(said).toContain('Uninstall one of the two, or give each its own operator.watchNamespaces');
    expect(said).not.toContain('other: served by');
  });

  it('is not reported by an installation that does not watch it', async () => {
    expect(await notes(watching('other'))).not.toContain('WARNING: another installation');
  });
});

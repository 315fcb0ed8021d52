import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { admitCampaign } from '../../../admission/admission.ts';
import type { StatedCampaign } from '../../../deploy/campaign-spec.ts';
import type { VoucherPlatformArgs } from '../../../deploy/voucher-platform.ts';
import { podsOf } from '../pods.ts';
import { render } from '../render.ts';
import { optionsOf, type Platform, platformOf, type Registered, registeredBy } from './registered.ts';

const campaign = (name: string, namespace: string, spec: Partial<StatedCampaign['spec']> = {}): StatedCampaign => ({
  name,
  namespace,
  spec: {
    campaignId: name,
    title: { 'zh-CN': '春季消费券', en: 'Spring vouchers' },
    window: { opensAt: '2027-03-01T10:00:00+08:00', closesAt: '2027-03-08T22:00:00+08:00' },
    vouchers: [
      { name: 'dining', title: { 'zh-CN': '餐饮', en: 'Dining' }, faceValueFen: 5_000, quota: 10, validDays: 14 },
    ],
    ...spec,
  },
});

const EMBEDDED: VoucherPlatformArgs = {
  // Room for three.
  dataPlane: { kind: 'embedded', journalStorage: '30Gi', journalMaxBytes: 25_000_000_000 },
  campaigns: [
    campaign('spring', 'vouchers'),
    campaign('autumn', 'vouchers', {
      dataPlane: { secretName: 'autumn-data' },
      privacy: { keySecretName: 'autumn-keys' },
    }),
    campaign('winter', 'other'),
  ],
};
const EXTERNAL: VoucherPlatformArgs = {
  ...EMBEDDED,
  dataPlane: { kind: 'external', operatorSecretName: 'journal', monitorUrls: ['http://nats-0.nats:8222'] },
};

const RELEASE = 'kubernetes:helm.sh/v3:Release';
const CAMPAIGN = 'kubernetes:voucher-operator.io/v1alpha1:VoucherCampaign';
const NAMESPACE = 'kubernetes:core/v1:Namespace';

const ofType = ({ registered }: Pick<Platform, 'registered'>, type: string): readonly Registered[] =>
  registered.filter((one) => one.type === type);
const release = (platform: Platform): Registered => {
  const [found] = ofType(platform, RELEASE);
  if (found === undefined) throw new Error('no release');
  return found;
};

describe('a platform', () => {
  it('is its namespaces, one release and its campaigns, and nothing that has replicas', async () => {
    const types = (await platformOf(EMBEDDED)).registered.map(({ type }) => type);
    expect(types.toSorted()).toEqual(
      [
        'voucher-operator:platform:VoucherPlatform',
        ...[NAMESPACE, NAMESPACE, NAMESPACE],
        RELEASE,
        ...[CAMPAIGN, CAMPAIGN, CAMPAIGN],
      ].toSorted(),
    );
  });

  it('enforces restricted pods in every namespace, each of which it makes once', async () => {
    const namespaces = ofType(await platformOf(EMBEDDED), NAMESPACE);
    expect(namespaces.map(({ name }) => name)).toEqual(['voucher-system', 'vouchers', 'other']);
    for (const { inputs } of namespaces) {
      expect(inputs['metadata']).toMatchObject({ labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    }
  });

  it('makes things in the order in which they need each other', async () => {
    const platform = await platformOf(EMBEDDED);
    expect(optionsOf(platform, release(platform)).dependsOn).toEqual(
      ['voucher-system', 'vouchers', 'other'].map((name) => `${NAMESPACE} ${name}`),
    );
    for (const campaign of ofType(platform, CAMPAIGN)) {
      expect(optionsOf(platform, campaign).dependsOn).toEqual([`${RELEASE} voucher`]);
    }
  });

  it.each([
    ['embedded', EMBEDDED],
    ['external', EXTERNAL],
    ['embedded, with the rights of its own namespaces', { ...EMBEDDED, onlyOwnNamespaces: true, monitoring: true }],
    [
      'embedded, with storage and a registry',
      {
        ...EMBEDDED,
        image: { registry: 'registry.example.cn/city', digest: `sha256:${'a'.repeat(64)}`, pullSecrets: ['pull'] },
        dataPlane: {
          kind: 'embedded',
          storageClassName: 'fast',
          journalStorage: '50Gi',
          journalMaxBytes: 40_000_000_000,
          databaseStorage: '50Gi',
        },
      },
    ],
  ] as const)('gives values that the chart takes: %s', async (_, args) => {
    const manifests = await render(release(await platformOf(args)).inputs['values'] as object);
    expect(manifests.map(({ kind }) => kind)).toContain('Deployment');
  });

  it('says where pods run, and what they pull with, to every section of the chart alike', async () => {
    const pods = {
      nodeSelector: { pool: 'vouchers' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      priorityClassName: 'citizens',
      podLabels: { team: 'city' },
    };
    const image = { pullSecrets: ['pull'], campaignPullSecrets: { other: ['theirs'] } };
    const values = release(await platformOf({ ...EMBEDDED, pods, image })).inputs['values'] as object;
    expect(values).toMatchObject({
      imagePullSecrets: ['pull'],
      operator: pods,
      app: { ...pods, imagePullSecrets: ['pull'], imagePullSecretsByNamespace: { other: ['theirs'] } },
      dataPlane: { embedded: pods },
    });
    // Hooks have it from the operator, and give up before Helm does.
    const made = podsOf(await render(values));
    expect(made).toHaveLength(7);
    for (const { name, spec } of made) {
      expect([name, spec]).toEqual([name, expect.objectContaining({ nodeSelector: pods.nodeSelector })]);
      expect([name, spec.tolerations]).toEqual([name, pods.tolerations]);
    }
  });

  it('has an account made for every campaign, into the Secrets that the campaign names', async () => {
    expect(release(await platformOf(EMBEDDED)).inputs['values']).toMatchObject({
      dataPlane: {
        embedded: {
          campaigns: [
            { campaignId: 'spring', namespace: 'vouchers' },
            {
              campaignId: 'autumn',
              namespace: 'vouchers',
              dataPlaneSecretName: 'autumn-data',
              privacySecretName: 'autumn-keys',
            },
            { campaignId: 'winter', namespace: 'other' },
          ],
        },
      },
    });
  });

  it('brings no server where the data plane is somebody else’s', async () => {
    const manifests = await render(release(await platformOf(EXTERNAL)).inputs['values'] as object);
    expect(manifests.map(({ kind }) => kind)).not.toContain('StatefulSet');
  });
});

describe('what others write', () => {
  it('is left alone: grants of the owner', async () => {
    const platform = await platformOf(EMBEDDED);
    for (const campaign of ofType(platform, CAMPAIGN)) {
      expect(optionsOf(platform, campaign).ignoreChanges).toEqual(['spec.scaling.authorized']);
    }
  });

  it('has no replica count among the values', async () => {
    expect(JSON.stringify(release(await platformOf(EMBEDDED)).inputs['values'])).not.toContain('eplicas');
  });

  it('is not waited for: readiness follows the crowd', async () => {
    for (const { inputs } of ofType(await platformOf(EMBEDDED), CAMPAIGN)) {
      expect(inputs['metadata']).toMatchObject({ annotations: { 'pulumi.com/skipAwait': 'true' } });
    }
  });
});

describe('campaigns and their namespaces', () => {
  it.each([
    ['are protected', {}, true],
    ['are not protected where it is said', { protect: false }, false],
  ])('%s', async (_, args, expected) => {
    const platform = await platformOf({ ...EMBEDDED, ...args });
    for (const one of [...ofType(platform, CAMPAIGN), ...ofType(platform, NAMESPACE)]) {
      expect([one.name, optionsOf(platform, one).protect]).toEqual([one.name, expected]);
    }
  });

  it('are what the API server admits', async () => {
    const registered = await registeredBy(() => import('../../../deploy/index.ts'));
    const campaigns = ofType({ registered }, CAMPAIGN);
    expect(campaigns).toHaveLength(1);
    for (const { inputs } of campaigns) {
      const { kind, apiVersion, metadata, spec } = inputs;
      expect(admitCampaign(stringify({ apiVersion, kind, metadata, spec }))).toMatchObject({ kind: 'admitted' });
    }
  });
});

/** What would harm a campaign that lives is refused when Helm renders it, with the field and a remedy that harms nothing. */
import { describe, expect, it } from '@jest/globals';
import { type PretendObject, pretendCluster } from './pretend-cluster.ts';
import { EXTERNAL, HelmError, NAMESPACE, RELEASE, render } from './render.ts';

const object = (kind: string, namespace: string, name: string, rest: object = {}): PretendObject => ({
  apiVersion:
    {
      VoucherCampaign: 'voucher-operator.io/v1alpha1',
      StatefulSet: 'apps/v1',
      Deployment: 'apps/v1',
      Lease: 'coordination.k8s.io/v1',
    }[kind] ?? 'v1',
  kind,
  metadata: { name, namespace },
  ...rest,
});
interface Living {
  readonly id?: string;
  readonly namespace?: string;
  readonly dataPlane?: string;
  readonly privacy?: string;
}
const living = ({
  id = 'spring',
  namespace = 'vouchers',
  dataPlane = 'voucher-data-plane',
  privacy = 'voucher-privacy',
}: Living = {}): PretendObject =>
  object('VoucherCampaign', namespace, `${id}-2027`, {
    spec: { campaignId: id, dataPlane: { secretName: dataPlane }, privacy: { keySecretName: privacy } },
  });
const ending: PretendObject = {
  ...living(),
  metadata: { ...living().metadata, ...{ deletionTimestamp: '2027-01-01T00:00:00Z' } },
};
const account = (id = 'spring'): PretendObject => object('Secret', NAMESPACE, `${RELEASE}-account-${id}`);
const servers = (name: string, storage: string, storageClassName?: string): PretendObject =>
  object('StatefulSet', NAMESPACE, `${RELEASE}-${name}`, {
    spec: {
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            resources: { requests: { storage } },
            ...(storageClassName === undefined ? {} : { storageClassName }),
          },
        },
      ],
    },
  });
const claim = (name: string, storage: string): PretendObject =>
  object('PersistentVolumeClaim', NAMESPACE, name, { spec: { resources: { requests: { storage } } } });
const operator = (shards: string, replicas: string, secretName = `${RELEASE}-journal`, watched = ''): PretendObject =>
  object('Deployment', NAMESPACE, RELEASE, {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'operator',
              env: [
                { name: 'POD_NAME', valueFrom: {} },
                { name: 'VOUCHER_OPERATOR_WATCH_NAMESPACES', value: watched },
                { name: 'VOUCHER_OPERATOR_SHARDS', value: shards },
                { name: 'VOUCHER_OPERATOR_JOURNAL_REPLICAS', value: replicas },
              ],
            },
          ],
          volumes: [{ name: 'journal', secret: { secretName } }, { name: 'tmp' }],
        },
      },
    },
  });

/** What the campaign was made with. */
const made = (shards: number, journalReplicas: number): PretendObject =>
  object('ConfigMap', 'vouchers', 'spring-2027-app', {
    data: { 'config.json': JSON.stringify({ v: 1, shards, journalReplicas }) },
  });
const servedBy = (holderIdentity: string): PretendObject =>
  object('Lease', 'vouchers', 'voucher-operator-campaigns', { spec: { holderIdentity } });

/** What Helm refuses, one sentence a line; empty when it renders. */
const refused = async (objects: readonly PretendObject[], values: object): Promise<readonly string[]> => {
  const cluster = await pretendCluster(objects, RELEASE);
  try {
    await render(values, { flags: cluster.flags });
    return [];
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    const lines = error.message.split('\n').filter((line) => line.startsWith('- '));
    if (lines.length === 0) throw error;
    return lines;
  } finally {
    await cluster.close();
  }
};
const serving = (...campaigns: readonly object[]) => ({
  dataPlane: { embedded: { nats: { maxFileStoreBytes: 20_000_000_000 }, campaigns } },
});
const SPRING = { campaignId: 'spring', namespace: 'vouchers' };
const AUTUMN = { campaignId: 'autumn', namespace: 'vouchers', dataPlaneSecretName: 'a', privacySecretName: 'b' };

describe('with a cluster', () => {
  it.each<[string, readonly PretendObject[], object, RegExp]>([
    [
      'values that lost the account of a living campaign',
      [living(), account()],
      {},
      /lacks spring, but VoucherCampaign vouchers\/spring-2027 uses its accounts.*reset-then-reuse-values/,
    ],
    [
      'values that lost one of two',
      [living(), living({ id: 'autumn', dataPlane: 'a', privacy: 'b' }), account(), account('autumn')],
      serving(AUTUMN),
      /lacks spring/,
    ],
    ['an external data plane in the place of a journal in use', [living(), account()], EXTERNAL, /lacks spring/],
    [
      'an embedded data plane in the place of an external one in use',
      [living(), operator('3', '3', 'journal')],
      {},
      /dataPlane\.embedded\.enabled: is true, but .* uses the journal of Secret journal/,
    ],
    [
      'another namespace for a living campaign',
      [living(), account()],
      serving({ ...SPRING, namespace: 'other' }),
      /spring is in namespace other, but VoucherCampaign vouchers\/spring-2027 has that campaignId: write namespace vouchers/,
    ],
    [
      'the Secret that another living campaign uses',
      [living(), account('winter')],
      serving({ campaignId: 'winter', namespace: 'vouchers', privacySecretName: 'b' }),
      /winter requests Secret vouchers\/voucher-data-plane, which VoucherCampaign vouchers\/spring-2027 uses/,
    ],
    [
      'the keys that another living campaign uses',
      [living()],
      serving({ campaignId: 'winter', namespace: 'vouchers', dataPlaneSecretName: 'b' }),
      /winter requests Secret vouchers\/voucher-privacy/,
    ],
    [
      'another number of shards for a living campaign',
      [living(), operator('5', '3')],
      serving(SPRING),
      /app\.shards: is 3, but VoucherCampaign vouchers\/spring-2027 was created with 5/,
    ],
    [
      'other replicas of its journal',
      [living(), operator('3', '1')],
      serving(SPRING),
      /app\.journalReplicas: is 3, .* with 1/,
    ],
    [
      'another number of shards, of an external journal that this installation uses',
      [living(), operator('5', '3', 'journal'), servedBy(`${NAMESPACE}/${RELEASE}`)],
      EXTERNAL,
      /app\.shards: is 3, .* with 5/,
    ],
    [
      'another number of shards than before an uninstallation',
      [living(), made(5, 3)],
      serving(SPRING),
      /app\.shards: is 3, .* with 5/,
    ],
    [
      'other replicas than before an uninstallation',
      [living(), made(3, 1)],
      serving(SPRING),
      /app\.journalReplicas: is 3, .* with 1/,
    ],
    [
      'values of another place, where the installation works so far',
      [living(), account(), operator('3', '3', `${RELEASE}-journal`, 'other,vouchers')],
      { operator: { watchNamespaces: ['other'] } },
      /lacks spring/,
    ],
    [
      'values of one place, where the installation works everywhere so far',
      [living({ namespace: 'elsewhere' }), account(), operator('3', '3')],
      { operator: { watchNamespaces: ['other'] } },
      /lacks spring/,
    ],
    [
      'a larger volume of the journal',
      [servers('nats', '10Gi')],
      {},
      /dataPlane\.embedded\.nats\.storage: is 20Gi, .* have 10Gi.*Larger volumes/,
    ],
    [
      'a smaller volume of the database',
      [servers('postgres', '40Gi')],
      {},
      /dataPlane\.embedded\.postgres\.storage: is 20Gi/,
    ],
    [
      'another class of volumes',
      [servers('nats', '20Gi', 'fast')],
      {},
      /nats\.storageClassName: is "", .* have "fast"/,
    ],
    [
      'a volume from before that is smaller than asked for',
      [claim('data-vo-nats-1', '10Gi')],
      {},
      /nats\.storage: is 20Gi, but the existing PersistentVolumeClaim data-vo-nats-1 has 10Gi: enlarge it first \(kubectl patch pvc/,
    ],
    ['a database’s volume from before', [claim('data-vo-postgres-0', '10Gi')], {}, /postgres\.storage: is 20Gi/],
  ])('%s is refused before anything changes', async (_, objects, values, message) => {
    const said = await refused(objects, values);
    expect(said).toEqual([expect.stringMatching(message)]);
    expect(said.join()).not.toMatch(/\bdelete\b|\bremove\b/i);
  });

  it.each<[string, readonly PretendObject[], object]>([
    ['that is empty', [], {}],
    ['whose campaigns are in the values', [living(), account(), operator('3', '3')], serving(SPRING)],
    ['with an account that no campaign uses any more', [account()], {}],
    ['whose campaign is being deleted', [ending, account()], {}],
    ['with a campaign on a data plane of its own', [living({ id: 'theirs' })], {}],
    [
      'with the Secrets of another campaign in another namespace',
      [living({ namespace: 'other' }), account()],
      { ...serving({ ...SPRING, namespace: 'other' }, { campaignId: 'winter', namespace: 'vouchers' }) },
    ],
    ['with volumes of the same size in other words', [servers('nats', '20480Mi'), servers('postgres', '20Gi')], {}],
    [
      'with volumes of the class in the values',
      [servers('nats', '20Gi', 'fast')],
      { dataPlane: { embedded: { nats: { storageClassName: 'fast' } } } },
    ],
    ['with volumes from before that are larger', [claim('data-vo-nats-0', '40Gi')], {}],
    ['with other shards, and no campaign yet', [operator('5', '1')], {}],
    ['with other shards, and a campaign of another installation', [living({ id: 'theirs' }), operator('5', '3')], {}],
    [
      'with other shards, and a campaign that another installation serves from an external journal',
      [living(), operator('5', '3', 'journal'), servedBy('elsewhere/other')],
      EXTERNAL,
    ],
    [
      'with a campaign that was made otherwise, where nothing changes',
      [living(), operator('3', '3'), made(5, 1)],
      serving(SPRING),
    ],
    ['to which the number of shards comes back', [living(), operator('5', '1'), made(3, 3)], serving(SPRING)],
    ['with an external journal that goes on under another Secret', [living(), operator('3', '3', 'old')], EXTERNAL],
  ])('one %s is not refused', async (_, objects, values) => {
    expect(await refused(objects, values)).toEqual([]);
  });

  it('looks only where the operator works, or worked', async () => {
    const elsewhere = [living({ namespace: 'elsewhere' }), account()];
    expect(await refused(elsewhere, { operator: { watchNamespaces: ['vouchers'] } })).toEqual([]);
    expect(await refused(elsewhere, { operator: { watchNamespaces: ['vouchers', 'elsewhere'] } })).toHaveLength(1);
  });
});

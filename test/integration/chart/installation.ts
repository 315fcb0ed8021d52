/** The chart in a namespace of its own on the shared cluster, with a namespace beside it for campaigns. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Cluster } from '../../../local/cluster.ts';
import { ensureImages, PRODUCT_IMAGE } from '../../../local/image.ts';
import { sharedCluster, type TestNamespace, testNamespace } from '../../helpers/cluster.ts';

const ROOT = new URL('../../../', import.meta.url);
const CHART = fileURLToPath(new URL('charts/voucher-operator', ROOT));
export const RELEASE = 'vo';

export interface CampaignAccount {
  readonly campaignId: string;
  readonly namespace: string;
  readonly dataPlaneSecretName?: string;
  readonly privacySecretName?: string;
}

const little = (memory: string) => ({ requests: { cpu: '20m', memory: '64Mi' }, limits: { memory } });

/** Small enough for a node of two cores that other tests use as well. */
const values = (campaigns: readonly CampaignAccount[]): object => ({
  image: { tag: PRODUCT_IMAGE.split(':').at(-1) },
  operator: { resources: little('512Mi') },
  app: {
    shardMaxBytes: 16_777_216,
    resources: { intake: little('256Mi'), records: little('384Mi') },
  },
  dataPlane: {
    embedded: {
      nats: { storage: '1Gi', maxFileStoreBytes: 536_870_912, resources: little('512Mi') },
      postgres: { storage: '1Gi', resources: little('512Mi') },
      campaigns,
    },
  },
});

export interface Installation {
  readonly cluster: Cluster;
  /** Of the release. */
  readonly system: TestNamespace;
  /** Of campaigns. */
  readonly vouchers: TestNamespace;
  /** Installs, or upgrades to these accounts, and waits until all of it is ready. */
  apply(campaigns: readonly CampaignAccount[]): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export const newInstallation = async (): Promise<Installation> => {
  const cluster = await sharedCluster();
  const { signal } = new AbortController();
  await cluster.importImages(await ensureImages({ signal, progress: () => undefined }), signal);
  const [system, vouchers] = [await testNamespace(cluster, 'chart'), await testNamespace(cluster, 'vouchers')];
  const helm = (...args: readonly string[]): Promise<string> => cluster.helm(['--namespace', system.name, ...args]);
  return {
    cluster,
    system,
    vouchers,
    helm,
    apply: (campaigns) =>
      cluster.helm(
        [
          ...['upgrade', '--install', RELEASE, CHART, '--namespace', system.name, '--values', '-'],
          // Whoever used this cluster before left the kinds behind: they are kept.
          ...['--take-ownership', '--force-conflicts'],
          ...['--wait', '--timeout', '5m'],
        ],
        { input: JSON.stringify(values(campaigns)) },
      ),
    async remove() {
      await helm('uninstall', RELEASE, '--ignore-not-found');
      await vouchers.remove();
      await system.remove();
    },
  };
};

/** The smallest campaign of the examples, as JSON. */
export const campaignManifest = async (name: string): Promise<string> => {
  const minimal = parse(await readFile(new URL('examples/minimal.yaml', ROOT), 'utf8'));
  return JSON.stringify({ ...minimal, metadata: { name }, spec: { ...minimal.spec, campaignId: name } });
};

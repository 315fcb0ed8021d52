/** The operator and its data plane on a cluster, installed with Helm from this checkout: fresh for every run. */
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../cluster.ts';
import { ensureCrowdImage, ensureImages, PRODUCT_IMAGE } from '../image.ts';

export interface PlatformOptions {
  readonly cluster: Pick<Cluster, 'kubectl' | 'helm' | 'importImages'>;
  readonly release: string;
  /** Made anew, with everything that was in it. */
  readonly systemNamespace: string;
  readonly campaign: {
    readonly campaignId: string;
    readonly namespace: string;
    readonly dataPlaneSecretName: string;
    readonly privacySecretName: string;
  };
  readonly shardMaxBytes: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export const CHART = fileURLToPath(new URL('../../charts/voucher-operator', import.meta.url));

const request = (cpu: string) => ({ requests: { cpu } });

/** One node of two cores carries everything: requests only say who gets a place, not how much it may use. */
export const valuesOf = ({ campaign, shardMaxBytes }: Pick<PlatformOptions, 'campaign' | 'shardMaxBytes'>) => ({
  image: { tag: PRODUCT_IMAGE.split(':')[1] },
  operator: { resources: request('50m') },
  app: { shardMaxBytes, resources: { intake: request('100m'), records: request('100m') } },
  dataPlane: {
    embedded: {
      enabled: true,
      nats: { storage: '2Gi', maxFileStoreBytes: 4 * shardMaxBytes, resources: request('150m') },
      postgres: { storage: '2Gi', resources: request('100m') },
      campaigns: [campaign],
    },
  },
});

/** Namespaces whose pods must be what "restricted" asks for; the API server refuses others. */
const namespaceManifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });

export const installPlatform = async (options: PlatformOptions): Promise<void> => {
  const { cluster, release, systemNamespace, campaign, signal, progress } = options;
  progress('making the images');
  const images = await ensureImages({ signal, progress });
  await cluster.importImages([...images, await ensureCrowdImage({ signal, progress })], signal);
  progress(`making the namespaces ${systemNamespace} and ${campaign.namespace} anew`);
  const namespaces = [systemNamespace, campaign.namespace];
  await cluster.kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait'], { signal });
  const manifests = namespaces.map(namespaceManifest).join('\n---\n');
  await cluster.kubectl(['apply', '-f', '-'], { signal, input: manifests });
  progress('installing the chart');
  // The CRDs outlive a release, and may belong to another one that was here before.
  const values = JSON.stringify(valuesOf(options));
  await cluster.helm(
    ['upgrade', '--install', '--take-ownership', '--force-conflicts', release, CHART, '-n', systemNamespace, '-f', '-'],
    {
      signal,
      input: values,
    },
  );
};

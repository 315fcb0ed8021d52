/** Installs the operator and its data plane with Helm from this checkout, new for every run. */
import { fileURLToPath } from 'node:url';
import { ensureCrowdImage, ensureImages, PRODUCT_IMAGE } from '../../tools/image.ts';
import type { Images, Target } from './target.ts';

export interface PlatformOptions {
  readonly target: Pick<Target, 'kubernetes' | 'images' | 'isOurs'>;
  readonly release: string;
  /** Deleted with its content and created again. */
  readonly systemNamespace: string;
  readonly crowdNamespace: string;
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

/** Marks a namespace that the demo may delete and create again. */
export const DEMO_LABEL = { 'voucher-operator.io/demo': 'true' } as const;

/** Chart values for references such as `registry:5000/team/operator:1.2` or `…/operator@sha256:0a1b…`. */
export const imageValues = (reference: string): { repository: string; tag?: string; digest?: string } => {
  const [name = '', digest] = reference.split('@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = hasTag ? name.slice(0, colon) : name;
  if (digest !== undefined) return { repository, digest };
  return { repository, tag: hasTag ? name.slice(colon + 1) : 'latest' };
};

const request = (cpu: string) => ({ requests: { cpu } });

/** One node of two cores runs everything, so requests are low and there are no limits. */
export const valuesOf = (
  { campaign, shardMaxBytes }: Pick<PlatformOptions, 'campaign' | 'shardMaxBytes'>,
  images: Images,
) => ({
  image: imageValues(images.kind === 'pulled' ? images.product : PRODUCT_IMAGE),
  operator: { resources: request('50m') },
  app: {
    shardMaxBytes,
    resources: {
      intake: request('100m'),
      records: request('100m'),
      verification: request('50m'),
      // The draw starts beside the comparison, which still runs.
      draw: request('100m'),
      compare: request('50m'),
    },
  },
  audit: { open: true },
  dataPlane: {
    embedded: {
      enabled: true,
      // Beyond the shards: control stream, buckets and the audit trail.
      nats: { storage: '2Gi', maxFileStoreBytes: 4 * shardMaxBytes + 128 * 2 ** 20, resources: request('150m') },
      postgres: { storage: '2Gi', resources: request('100m') },
      campaigns: [campaign],
    },
  },
});

type Kubectl = Target['kubernetes']['kubectl'];

/** Namespaces with the Pod Security level "restricted". */
const namespaceManifests = (names: readonly string[]): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...DEMO_LABEL, 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })),
  });

/** @throws Error when the demo did not create a namespace that it would delete */
const assertMayRemake = async (kubectl: Kubectl, namespaces: readonly string[], signal: AbortSignal): Promise<void> => {
  const [label, value] = Object.entries(DEMO_LABEL)[0] ?? [];
  const args = ['get', 'namespace', '-o', 'name', '--selector', `${label}!=${value}`];
  const others = (await kubectl(args, { signal })).split('\n');
  const taken = namespaces.filter((name) => others.includes(`namespace/${name}`));
  if (taken.length === 0) return;
  throw new Error(
    `the demo would delete the namespace ${taken[0]}, which it did not create. If you don't need its content, run "kubectl label namespace ${taken[0]} ${label}=${value}" and try again`,
  );
};

const importedOf = async (images: Images, signal: AbortSignal, progress: (line: string) => void): Promise<void> => {
  if (images.kind !== 'imported') return;
  progress('building the images');
  const product = await ensureImages({ signal, progress });
  await images.importImages([...product, await ensureCrowdImage({ signal, progress })], signal);
};

export const installPlatform = async (options: PlatformOptions): Promise<void> => {
  const { target, release, systemNamespace, campaign, signal, progress } = options;
  const { kubectl, helm } = target.kubernetes;
  const namespaces = [systemNamespace, campaign.namespace, options.crowdNamespace];
  if (!target.isOurs) await assertMayRemake(kubectl, namespaces, signal);
  await importedOf(target.images, signal, progress);
  progress(`creating the namespaces ${namespaces.join(', ')}; existing ones are deleted first`);
  await kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait'], { signal });
  const manifests = namespaceManifests([systemNamespace, campaign.namespace]);
  await kubectl(['apply', '-f', '-'], { signal, input: manifests });
  progress(`installing the Helm release ${release} in ${systemNamespace}; CRDs and cluster roles are cluster-wide`);
  // In our own cluster the CRDs may belong to an earlier release. In the user's cluster that is an error.
  const owned = target.isOurs ? ['--take-ownership', '--force-conflicts'] : [];
  await helm(['upgrade', '--install', ...owned, release, CHART, '-n', systemNamespace, '-f', '-'], {
    signal,
    input: JSON.stringify(valuesOf(options, target.images)),
  });
};

/** Removes all that `installPlatform` installed except the CRDs, which Helm keeps, and with them other campaigns. */
export const uninstallPlatform = async (options: PlatformOptions): Promise<void> => {
  const { release, systemNamespace, campaign, crowdNamespace, target, progress } = options;
  const { kubectl, helm } = target.kubernetes;
  progress('removing the demo; the CRDs are kept (kubectl get crd -o name | grep voucher-operator.io)');
  await helm(['uninstall', release, '-n', systemNamespace, '--ignore-not-found']);
  const namespaces = [systemNamespace, campaign.namespace, crowdNamespace];
  await kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait=false']);
};

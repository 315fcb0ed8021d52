/** The Kubernetes for the demo: a local one that the demo creates, or the user's, by a context of their kubeconfig. */
import { attach, type Cluster, down, type Kubernetes, ownClusterAt, up } from '../../tools/cluster.ts';

export interface TargetOptions {
  readonly clusterName?: string;
  /** A context of the user's kubeconfig instead. */
  readonly context?: string;
  /** Images that nodes of that cluster can pull; not needed if the context is a local cluster of ours. */
  readonly pulled?: PulledImages;
  /** Keeps the cluster, or what was installed in it, when the demo ends. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface PulledImages {
  /** `registry.example.org/voucher/operator:1.2`, or with `@sha256:…`. */
  readonly product: string;
  readonly crowd: string;
}

export type Images =
  | { readonly kind: 'imported'; readonly importImages: Cluster['importImages'] }
  | ({ readonly kind: 'pulled' } & PulledImages);

export interface Target {
  readonly kubernetes: Kubernetes;
  readonly images: Images;
  /** For the product's own client. */
  readonly access: { readonly kubeconfig?: string; readonly context?: string };
  /** Whether this machine has a route to pods and Services. */
  readonly isRouted: boolean;
  /** Whether the demo may delete and recreate its namespaces without asking. */
  readonly isOurs: boolean;
  /** Removes what the demo installed, unless `keep` is set. */
  release(uninstall: () => Promise<void>): Promise<void>;
}

const ownTarget = async ({ clusterName, keep, signal, progress }: TargetOptions): Promise<Target> => {
  const cluster = await up({ progress, ...(clusterName === undefined ? {} : { name: clusterName }) }, signal);
  return {
    kubernetes: cluster,
    images: { kind: 'imported', importImages: cluster.importImages },
    access: { kubeconfig: cluster.kubeconfigPath },
    isRouted: true,
    isOurs: true,
    async release() {
      if (!keep) await down(cluster.name, new AbortController().signal, progress);
    },
  };
};

const serverOf = async (kubernetes: Kubernetes): Promise<string> =>
  (await kubernetes.kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'])).trim();

const contextTarget = async (context: string, options: TargetOptions): Promise<Target> => {
  const { keep, pulled, signal, progress } = options;
  const kubernetes = await attach(context, { signal, progress });
  const server = await serverOf(kubernetes);
  const own = await ownClusterAt(server);
  if (own === undefined && pulled === undefined) {
    throw new Error(
      `--context ${context}: the nodes of ${server} need images from a registry. Build them with "npm run cluster -- build", push them, and pass --image REGISTRY/REF and --crowd-image REGISTRY/REF`,
    );
  }
  progress(`using context ${context} (${server}); your current context is not changed`);
  return {
    kubernetes,
    images:
      pulled === undefined && own !== undefined
        ? { kind: 'imported', importImages: own.importImages }
        : { kind: 'pulled', product: pulled?.product ?? '', crowd: pulled?.crowd ?? '' },
    access: { context },
    // Even for a local cluster of ours, so that this way is tested.
    isRouted: false,
    isOurs: false,
    async release(uninstall) {
      if (!keep) await uninstall();
    },
  };
};

/** @throws Error when the machine can't run a cluster, the context does not answer, or its nodes can't get the images */
export const openTarget = (options: TargetOptions): Promise<Target> =>
  options.context === undefined ? ownTarget(options) : contextTarget(options.context, options);

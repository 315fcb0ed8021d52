/** Which Kubernetes the demo runs on: one of our own, or one that the user names by a context of their kubeconfig. */
import { attach, type Cluster, down, type Kubernetes, ownClusterAt, up } from '../../tools/cluster.ts';

export interface TargetOptions {
  readonly clusterName?: string;
  /** A context of the user's kubeconfig instead. */
  readonly context?: string;
  /** Images that nodes of that cluster can pull; not needed where the context is one of our own clusters. */
  readonly pulled?: PulledImages;
  /** What was installed stays when the demo ends. */
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
  /** Whether this machine reaches the addresses of pods and Services. */
  readonly isRouted: boolean;
  /** Whether namespaces there are ours to make anew. */
  readonly isOurs: boolean;
  /** Takes away what the demo brought, unless it is to be kept. */
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
      `--context ${context}: nodes of ${server} can't have the images of this checkout; build them with "npm run cluster -- build", push them to a registry that they reach, and name them with --image REGISTRY/REF and --crowd-image REGISTRY/REF`,
    );
  }
  progress(`context ${context} is ${server}; your current context stays what it is`);
  return {
    kubernetes,
    images:
      pulled === undefined && own !== undefined
        ? { kind: 'imported', importImages: own.importImages }
        : { kind: 'pulled', product: pulled?.product ?? '', crowd: pulled?.crowd ?? '' },
    access: { context },
    // Also where it is one of ours: the way that others take is then the way that was tried.
    isRouted: false,
    isOurs: false,
    async release(uninstall) {
      if (!keep) await uninstall();
    },
  };
};

/** @throws Error when the machine can't carry a cluster, no such context answers, or its nodes would have no images */
export const openTarget = (options: TargetOptions): Promise<Target> =>
  options.context === undefined ? ownTarget(options) : contextTarget(options.context, options);

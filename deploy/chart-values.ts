/** The chart's values for a platform. Pure. */
import type { StatedCampaign } from './campaign-spec.ts';

/** Three journal servers and a database of the chart, with an account of its own for every campaign. */
export interface EmbeddedDataPlane {
  readonly kind: 'embedded';
  /** Of the volumes; the cluster's default class when left out. */
  readonly storageClassName?: string;
  /** Size of each journal server's volume. Default 20Gi. */
  readonly journalStorage?: string;
  /** What streams may fill of it, in bytes; less than the volume. Default 16 GiB. */
  readonly journalMaxBytes?: number;
  /** Size of the database's volume. Default 20Gi. */
  readonly databaseStorage?: string;
}

/** A journal and databases that are there already; nothing of their Secrets passes through Pulumi or its state. */
export interface ExternalDataPlane {
  readonly kind: 'external';
  /** Secret in the platform's namespace with nats-url, nats-user and nats-password: the operator's own account. */
  readonly operatorSecretName: string;
  /** Such as `http://nats-0.nats:8222`; without them durability is unknown. */
  readonly monitorUrls: readonly string[];
}

export type DataPlane = EmbeddedDataPlane | ExternalDataPlane;

export interface PlatformImage {
  /** Put before every image, without a scheme. */
  readonly registry?: string;
  /** `sha256:…`, for production. */
  readonly digest?: string;
  /** The chart's version when left out. */
  readonly tag?: string;
  /** Secrets in the platform's namespace and in those of campaigns. */
  readonly pullSecrets?: readonly string[];
  /** Instead of those, in namespaces of campaigns that have others. */
  readonly campaignPullSecrets?: Readonly<Record<string, readonly string[]>>;
}

/** Where every pod may run, and what it carries: the platform's, its hooks' and campaigns'. As in a Pod. */
export interface Pods {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[];
  readonly priorityClassName?: string;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly podLabels?: Readonly<Record<string, string>>;
}

export interface ChartInput {
  readonly image: PlatformImage;
  readonly dataPlane: DataPlane;
  readonly campaigns: readonly StatedCampaign[];
  /** True: only the namespaces of the campaigns, by Roles. False: all, by a ClusterRole. */
  readonly onlyOwnNamespaces: boolean;
  readonly monitoring: boolean;
  readonly pods: Pods;
  /** What Helm waits for. */
  readonly readyWithinSeconds: number;
}

/** A hook that fails still has the time to say why. */
const LAST_WORDS_SECONDS = 30;

export const namespacesOf = (campaigns: readonly StatedCampaign[]): readonly string[] => [
  ...new Set(campaigns.map(({ namespace }) => namespace)),
];

const given = (entries: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

const embedded = (plane: EmbeddedDataPlane, campaigns: readonly StatedCampaign[], pods: Pods): object => ({
  embedded: {
    ...pods,
    enabled: true,
    nats: given({
      storage: plane.journalStorage,
      maxFileStoreBytes: plane.journalMaxBytes,
      storageClassName: plane.storageClassName,
    }),
    postgres: given({ storage: plane.databaseStorage, storageClassName: plane.storageClassName }),
    campaigns: campaigns.map(({ namespace, spec }) => ({
      campaignId: spec.campaignId,
      namespace,
      ...given({ dataPlaneSecretName: spec.dataPlane?.secretName, privacySecretName: spec.privacy?.keySecretName }),
    })),
  },
});

const external = ({ operatorSecretName, monitorUrls }: ExternalDataPlane): object => ({
  embedded: { enabled: false },
  external: { operatorSecretName, monitorUrls },
});

/** Only what differs from the chart's own defaults, which its schema checks. No count of replicas is among them. */
export const chartValues = (input: ChartInput): Readonly<Record<string, unknown>> => {
  const { image, dataPlane, campaigns, pods } = input;
  return {
    ...given({ imageRegistry: image.registry, imagePullSecrets: image.pullSecrets }),
    image: given({ digest: image.digest, tag: image.tag }),
    operator: { ...pods, watchNamespaces: input.onlyOwnNamespaces ? namespacesOf(campaigns) : [] },
    app: {
      ...pods,
      ...given({ imagePullSecrets: image.pullSecrets, imagePullSecretsByNamespace: image.campaignPullSecrets }),
    },
    // Everything else of hooks is as the operator has it.
    setup: { deadlineSeconds: input.readyWithinSeconds - LAST_WORDS_SECONDS },
    metrics: { podMonitor: input.monitoring },
    dataPlane: dataPlane.kind === 'embedded' ? embedded(dataPlane, campaigns, pods) : external(dataPlane),
  };
};

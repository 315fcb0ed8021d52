/** Values of the Helm chart for a platform. Pure. */
import type { StatedCampaign } from './campaign-spec.ts';

/** Three journal servers and a database from the chart, with separate accounts for every campaign. */
interface EmbeddedDataPlane {
  readonly kind: 'embedded';
  /** For the volumes. Default: the cluster's default class. */
  readonly storageClassName?: string;
  /** Size of each journal server's volume. Default 20Gi. */
  readonly journalStorage?: string;
  /** Limit of the streams in bytes, less than the volume. Default 16 GiB. */
  readonly journalMaxBytes?: number;
  /** Size of the database's volume. Default 20Gi. */
  readonly databaseStorage?: string;
}

/** An existing journal and databases. Their Secrets do not pass through Pulumi or its state. */
interface ExternalDataPlane {
  readonly kind: 'external';
  /** Secret in the platform's namespace with nats-url, nats-user and nats-password: the operator's own account. */
  readonly operatorSecretName: string;
  /** For example `http://nats-0.nats:8222`. Without them durability is unknown. */
  readonly monitorUrls: readonly string[];
}

export type DataPlane = EmbeddedDataPlane | ExternalDataPlane;

interface PlatformImage {
  /** Prefix of every image, without a scheme. */
  readonly registry?: string;
  /** `sha256:…`, for production. */
  readonly digest?: string;
  /** Default: the chart's version. */
  readonly tag?: string;
  /** Secrets in the platform's namespace and in the campaigns' namespaces. */
  readonly pullSecrets?: readonly string[];
  /** Other Secrets for single namespaces of campaigns. */
  readonly campaignPullSecrets?: Readonly<Record<string, readonly string[]>>;
}

/** Scheduling and metadata of all pods: of the platform, its hooks and campaigns. As in a Pod. */
interface Pods {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[];
  readonly priorityClassName?: string;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly podLabels?: Readonly<Record<string, string>>;
}

export interface PlatformValues {
  readonly image?: PlatformImage;
  readonly dataPlane: DataPlane;
  readonly campaigns: readonly StatedCampaign[];
  /** For pods of the platform, its hooks and campaigns. */
  readonly pods?: Pods;
  /** Permissions only in the campaigns' namespaces, by Roles instead of a ClusterRole. Default false. */
  readonly onlyOwnNamespaces?: boolean;
  /** Creates PodMonitors and a PrometheusRule; needs the Prometheus Operator. Default false. */
  readonly monitoring?: boolean;
}

/** For a failing hook to report its error. */
const REPORT_SECONDS = 30;

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

/** Only values that differ from the chart's defaults. No replica counts. */
export const chartValues = (
  { image = {}, dataPlane, campaigns, pods = {}, onlyOwnNamespaces = false, monitoring = false }: PlatformValues,
  readyWithinSeconds: number,
): Readonly<Record<string, unknown>> => {
  return {
    ...given({ imageRegistry: image.registry, imagePullSecrets: image.pullSecrets }),
    image: given({ digest: image.digest, tag: image.tag }),
    operator: { ...pods, watchNamespaces: onlyOwnNamespaces ? namespacesOf(campaigns) : [] },
    app: {
      ...pods,
      ...given({ imagePullSecrets: image.pullSecrets, imagePullSecretsByNamespace: image.campaignPullSecrets }),
    },
    setup: { deadlineSeconds: readyWithinSeconds - REPORT_SECONDS },
    monitoring: { podMonitor: { enabled: monitoring }, prometheusRule: { enabled: monitoring } },
    dataPlane: dataPlane.kind === 'embedded' ? embedded(dataPlane, campaigns, pods) : external(dataPlane),
  };
};

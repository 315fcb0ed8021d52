/** The operator, its data plane and campaigns as one Pulumi component. */
import { fileURLToPath } from 'node:url';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { API_VERSION } from '../contract/names.ts';
import type { StatedCampaign } from './campaign-spec.ts';
import { chartValues, type DataPlane, namespacesOf, type PlatformImage, type Pods } from './chart-values.ts';

export interface VoucherPlatformArgs {
  /** Namespace of the operator and the data plane. Default voucher-system. */
  readonly namespace?: string;
  /** Path or `oci://` address of the chart. Default: the one of this checkout. */
  readonly chart?: string;
  /** Version of a chart that is not a path. */
  readonly chartVersion?: string;
  readonly image?: PlatformImage;
  readonly dataPlane: DataPlane;
  readonly campaigns: readonly StatedCampaign[];
  /** Of the platform, its hooks and campaigns alike. */
  readonly pods?: Pods;
  /** Rights in the namespaces of the campaigns only, instead of all. Default false. */
  readonly onlyOwnNamespaces?: boolean;
  /** A PodMonitor, where the Prometheus Operator is. Default false. */
  readonly monitoring?: boolean;
  /**
   * Whether Pulumi refuses to delete campaigns and their namespaces, which hold the keys that receipts and personal data
   * depend on. Default true.
   */
  readonly protect?: boolean;
}

const CHART = fileURLToPath(new URL('../charts/voucher-operator', import.meta.url));

/** Journal servers read their stores before they are ready, and images are pulled first. */
const READY_WITHIN_SECONDS = 900;

/**
 * What somebody else writes while the campaign lives, beside its status. Ceilings are the owner's: stated at creation, then raised by who
 * may authorise, on the live object. An `up` by an administrator must neither take a grant back in the middle of a flood
 * nor give one. To state them anew, write them with kubectl as the owner.
 */
const NOT_OURS_AFTER_CREATION = ['spec.scaling.authorized'];

const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

/**
 * Registers namespaces, a Helm release and VoucherCampaigns. The Deployments of campaigns are made and scaled by the
 * operator and are never in Pulumi's state, so that no `up` can reset a replica count.
 */
export class VoucherPlatform extends pulumi.ComponentResource {
  readonly namespace: pulumi.Output<string>;
  readonly releaseName: pulumi.Output<string>;
  /** `namespace/name` of each. */
  readonly campaigns: pulumi.Output<readonly string[]>;

  constructor(name: string, args: VoucherPlatformArgs, options: pulumi.ComponentResourceOptions = {}) {
    super('voucher-operator:platform:VoucherPlatform', name, {}, options);
    const { campaigns, protect = true, namespace: own = 'voucher-system' } = args;

    const namespaces = new Map(
      [own, ...namespacesOf(campaigns)].map((namespace) => [namespace, this.#namespace(namespace, protect)] as const),
    );
    const release = this.#release(name, own, args, [...namespaces.values()]);
    const made = campaigns.map((campaign) => this.#campaign(campaign, protect, release));

    this.namespace = pulumi.output(own);
    this.releaseName = release.name;
    this.campaigns = pulumi
      .all(made.map(({ metadata }) => metadata))
      .apply((all) => all.map(({ namespace, name: campaign }) => `${namespace}/${campaign}`));
    this.registerOutputs({ namespace: this.namespace, releaseName: this.releaseName, campaigns: this.campaigns });
  }

  #namespace(name: string, protect: boolean): kubernetes.core.v1.Namespace {
    return new kubernetes.core.v1.Namespace(
      name,
      { metadata: { name, labels: RESTRICTED } },
      { parent: this, protect },
    );
  }

  /** A Release and not a Chart: its hooks make the passwords before anything needs them. */
  #release(
    name: string,
    namespace: string,
    args: VoucherPlatformArgs,
    dependsOn: readonly pulumi.Resource[],
  ): kubernetes.helm.v3.Release {
    const { image = {}, dataPlane, campaigns, pods = {}, onlyOwnNamespaces = false, monitoring = false } = args;
    return new kubernetes.helm.v3.Release(
      name,
      {
        name,
        namespace,
        chart: args.chart ?? CHART,
        ...(args.chartVersion === undefined ? {} : { version: args.chartVersion }),
        // Without atomic: a failed upgrade in a flood must not be answered by a second rollout.
        atomic: false,
        timeout: READY_WITHIN_SECONDS,
        values: chartValues({
          image,
          dataPlane,
          campaigns,
          onlyOwnNamespaces,
          monitoring,
          pods,
          readyWithinSeconds: READY_WITHIN_SECONDS,
        }),
      },
      { parent: this, dependsOn: [...dependsOn] },
    );
  }

  #campaign(
    { name, namespace, spec }: StatedCampaign,
    protect: boolean,
    release: kubernetes.helm.v3.Release,
  ): kubernetes.apiextensions.CustomResource {
    return new kubernetes.apiextensions.CustomResource(
      `${namespace}-${name}`,
      {
        apiVersion: API_VERSION,
        kind: 'VoucherCampaign',
        metadata: {
          name,
          namespace,
          // Ready follows the crowd: an `up` during the rush must not wait for it, nor fail by it.
          annotations: { 'pulumi.com/skipAwait': 'true' },
        },
        spec,
      },
      {
        parent: this,
        protect,
        ignoreChanges: NOT_OURS_AFTER_CREATION,
        // The release brings the kind, and its namespace.
        dependsOn: [release],
      },
    );
  }
}

/** The operator, its data plane and campaigns as one Pulumi component. */
import { fileURLToPath } from 'node:url';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { API_VERSION } from '../contract/names.ts';
import type { StatedCampaign } from './campaign-spec.ts';
import { chartValues, namespacesOf, type PlatformValues } from './chart-values.ts';

export interface VoucherPlatformArgs extends PlatformValues {
  /** Namespace of the operator and the data plane. Default voucher-system. */
  readonly namespace?: string;
  /** Path or `oci://` address of the chart. Default: the chart of this checkout. */
  readonly chart?: string;
  /** For a chart that is not a path. */
  readonly chartVersion?: string;
  /** Pulumi refuses to delete campaigns and their namespaces, which contain the keys of personal data. Default true. */
  readonly protect?: boolean;
}

const CHART = fileURLToPath(new URL('../charts/voucher-operator', import.meta.url));

/** Includes image pulls, and the time that journal servers need to read their stores. */
const READY_WITHIN_SECONDS = 900;

/**
 * Ceilings belong to the owner: set at creation, then changed on the live object by people with that permission. An `up` by
 * an administrator must not revoke or give a grant during a flood. To change them, the owner uses kubectl.
 */
const OWNED_BY_OTHERS = ['spec.scaling.authorized'];

const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

/**
 * Registers namespaces, a Helm release and VoucherCampaigns. The operator creates and scales the Deployments of campaigns:
 * they are not in Pulumi's state, so that no `up` can reset replicas.
 */
export class VoucherPlatform extends pulumi.ComponentResource {
  readonly namespace: pulumi.Output<string>;
  readonly releaseName: pulumi.Output<string>;
  /** Each as `namespace/name`. */
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
    const metadata = { name, labels: RESTRICTED };
    return new kubernetes.core.v1.Namespace(name, { metadata }, { parent: this, protect });
  }

  /** A Release, not a Chart: its hooks create the passwords first. */
  #release(
    name: string,
    namespace: string,
    args: VoucherPlatformArgs,
    dependsOn: readonly pulumi.Resource[],
  ): kubernetes.helm.v3.Release {
    return new kubernetes.helm.v3.Release(
      name,
      {
        name,
        namespace,
        chart: args.chart ?? CHART,
        ...(args.chartVersion === undefined ? {} : { version: args.chartVersion }),
        // A failed upgrade during a flood must not cause a second rollout.
        atomic: false,
        timeout: READY_WITHIN_SECONDS,
        values: chartValues(args, READY_WITHIN_SECONDS),
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
          // Ready depends on the load: an `up` during the flood must not wait for it.
          annotations: { 'pulumi.com/skipAwait': 'true' },
        },
        spec,
      },
      {
        parent: this,
        protect,
        ignoreChanges: OWNED_BY_OTHERS,
        // The release installs the CRD and depends on the namespaces.
        dependsOn: [release],
      },
    );
  }
}

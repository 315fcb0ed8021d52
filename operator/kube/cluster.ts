/** One Kubernetes cluster behind the interfaces that operator/tick declares: the watches, and the writers on them. */

import { defined } from '../../contract/defined.ts';
import { unreadableInPlan } from '../../contract/readable.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { KickReason } from '../tick/loop.ts';
import { type ApiResource, AUTOSCALERS, CAMPAIGNS, DEPLOYMENTS, JOBS, PODS, SCALE_PLANS } from './api-resources.ts';
import { createAuthorizationReader } from './authorization.ts';
import {
  createCommandWriter,
  createFinalizerWriter,
  createStatusWriter,
  isCampaignNews,
  keepCampaign,
  type StoredCampaign,
} from './campaigns.ts';
import type { KubeClient } from './client.ts';
import { createClusterReader } from './cluster-reader.ts';
import { createDecisionStore } from './decisions.ts';
import { Informer, type InformerReport, type InformerTiming } from './informer.ts';
import { createManifestWriter, type ManifestWriterOptions } from './manifests.ts';
import type { KubeObject } from './objects.ts';
import { keepAutoscaler, type OtherAutoscaler } from './other-autoscalers.ts';
import { campaignKeyOf, isEdited, keepOwned, OWNED_RESOURCES, OWNED_SELECTOR } from './owned-objects.ts';
import { createMountFailures } from './pods/mount-failures.ts';
import { type AdminUrlOf, isPodNews, keepPod, type PodRecord } from './pods/pods.ts';
import { createQuotaLook } from './pods/quotas.ts';
import { createSecretEmptier } from './privacy-secret.ts';
import { createNudger, createReplicaWriter } from './replicas.ts';
import { createScalePlanWriter, keepScalePlan, planCampaignKey, type StoredScalePlan } from './scale-plans.ts';
import { createServedNamespaces, type Service } from './served.ts';
import { type Change, Store, type Stored } from './store.ts';

interface KubeClusterOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly namespaces: readonly string[];
  readonly timing?: Partial<InformerTiming>;
  /** Something of this campaign changed: a tick is due soon. */
  readonly onNews: (campaignKey: string, reason: KickReason) => void;
  readonly onCampaignGone: (campaign: VoucherCampaign) => void;
  readonly onReport: (resource: string, report: InformerReport, namespace: string | undefined) => void;
  /** A namespace is served from now on, or excluded. Undefined: all. */
  readonly onService?: (namespace: string | undefined, service: Service) => void;
  readonly onListenerError: (error: unknown) => void;
  readonly onApply?: ManifestWriterOptions['onApply'];
  /** Unless stated, at the address of the pod. */
  readonly adminUrlOf?: AdminUrlOf;
}

export type KubeCluster = ReturnType<typeof createKubeCluster>;

export const createKubeCluster = (options: KubeClusterOptions) => {
  const { client, clock, random, onNews, onListenerError } = options;
  const informers: {
    readonly resource: string;
    readonly namespace: string | undefined;
    readonly isOptional: boolean;
    readonly informer: Pick<Informer<Stored>, 'isSynced' | 'trouble' | 'quietMs' | 'run'>;
  }[] = [];
  const served = createServedNamespaces(informers, (namespace, service) => options.onService?.(namespace, service));

  const watch = <T extends Stored>(
    resource: ApiResource,
    store: Store<T>,
    keep: (object: KubeObject) => T,
    labelSelector?: string,
  ): void => {
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    for (const namespace of namespaces) {
      const informer = new Informer<T>({
        client,
        clock,
        random,
        store,
        resource,
        namespace,
        keep,
        onReport(report) {
          served.look(clock.monotonicMs());
          options.onReport(resource.plural, report, namespace);
        },
        ...defined({ labelSelector, timing: options.timing }),
      });
      // Rights that a person keeps outside the chart may be older than Jobs: an open campaign goes on without them.
      informers.push({ resource: resource.plural, namespace, isOptional: resource === JOBS, informer });
    }
  };

  const news = (key: string | undefined, reason: KickReason): void => {
    if (key !== undefined) onNews(key, reason);
  };

  const campaigns = new Store<StoredCampaign>({
    onListenerError,
    onChange(change) {
      const { metadata } = change.object;
      if (change.kind === 'deleted') options.onCampaignGone(change.object);
      else if (change.kind === 'added' || isCampaignNews(change.before, change.object)) {
        onNews(`${metadata.namespace}/${metadata.name}`, 'campaign');
      }
    },
  });
  watch(CAMPAIGNS, campaigns, keepCampaign);

  const plans = new Store<StoredScalePlan>({
    indexBy: planCampaignKey,
    onListenerError,
    onChange: ({ object }) => onNews(planCampaignKey(object), 'scale_plan'),
  });
  watch(SCALE_PLANS, plans, keepScalePlan);

  const pods = new Store<PodRecord>({
    indexBy: ({ campaignKey }) => campaignKey,
    onListenerError,
    onChange(change) {
      if (change.kind !== 'updated' || isPodNews(change.before, change.object)) news(change.object.campaignKey, 'pod');
    },
  });
  watch(PODS, pods, (pod) => keepPod(pod, options.adminUrlOf), OWNED_SELECTOR);

  const onOwned = (change: Change<KubeObject>): void => {
    if (change.kind === 'updated') {
      if (!isEdited(change.before, change.object)) return;
      // The edit may have removed the label itself.
      news(campaignKeyOf(change.before), 'object');
    }
    news(campaignKeyOf(change.object), 'object');
  };
  const owned = new Map<string, Store<KubeObject>>();
  for (const resource of OWNED_RESOURCES) {
    const store = new Store<KubeObject>({ indexBy: campaignKeyOf, onListenerError, onChange: onOwned });
    owned.set(resource.plural, store);
    watch(resource, store, keepOwned, OWNED_SELECTOR);
  }
  const ownedOf = ({ plural }: ApiResource): Store<KubeObject> => {
    const store = owned.get(plural);
    if (store === undefined) throw new Error(`${plural} are not among the owned resources`);
    return store;
  };
  const deployments = ownedOf(DEPLOYMENTS);

  const otherAutoscalers = new Store<OtherAutoscaler>({
    indexBy: ({ deploymentKey }) => deploymentKey,
    onListenerError,
    onChange(change) {
      const { deploymentKey } = change.object;
      const [namespace = '', name = ''] = deploymentKey?.split('/') ?? [];
      const deployment = deployments.get(namespace, name);
      if (deployment !== undefined) news(campaignKeyOf(deployment), 'autoscaler');
    },
  });
  watch(AUTOSCALERS, otherAutoscalers, keepAutoscaler);

  return {
    reader: createClusterReader({
      deployments,
      jobs: ownedOf(JOBS),
      pods,
      plans,
      otherAutoscalers,
      mountFailures: createMountFailures(client, clock),
      isServed: (namespace) => served.of(namespace).kind === 'served',
      isJobsSeen: (namespace) => served.isSeen(JOBS.plural, namespace, clock.monotonicMs()),
      quotas: createQuotaLook(client, clock),
      clock,
    }),
    manifests: createManifestWriter({ client, stores: owned, ...defined({ onApply: options.onApply }) }),
    replicas: createReplicaWriter(client, deployments),
    nudger: createNudger(client, deployments),
    status: createStatusWriter(client, campaigns),
    finalizers: createFinalizerWriter(client, campaigns),
    commands: createCommandWriter(client, campaigns),
    plans: createScalePlanWriter(client, plans),
    authorization: createAuthorizationReader(client),
    decisions: createDecisionStore(client),
    secrets: createSecretEmptier(client),
    living: {
      campaigns: (): Iterable<VoucherCampaign> => campaigns.list(),
      plansOf: (campaignId: string): readonly ScalePlan[] =>
        [...plans.list()].filter((plan) => plan.spec.campaignId === campaignId && unreadableInPlan(plan).length === 0),
    },
    campaign(key: string): VoucherCampaign | undefined {
      const [namespace = '', name = ''] = key.split('/');
      return campaigns.get(namespace, name);
    },
    campaignKeys: () => [...campaigns.list()].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    served: { of: served.of, leftOut: served.leftOut, isSettled: served.isSettled },
    /** Per resource, ms since its API server last answered; the longest over its namespaces. For metrics. */
    quietMs(): ReadonlyMap<string, number> {
      const longest = new Map<string, number>();
      for (const { resource, informer } of informers) {
        // An excluded namespace has a metric of its own, and must not look like an operator without watches.
        const ms = informer.trouble?.isRefused === true ? undefined : informer.quietMs();
        if (ms !== undefined) longest.set(resource, Math.max(ms, longest.get(resource) ?? 0));
      }
      return longest;
    },
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all(informers.map(({ informer }) => informer.run(signal)));
    },
  };
};

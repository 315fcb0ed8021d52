/** What a campaign has in the cluster now, from the watches: no call, and so no wait. */
import { HEADROOM, LABELS, TIERS, type Tier } from '../api/names.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
import type { ClusterReader, ObservedHeadroom, ObservedTier } from '../reconcile/ports.ts';
import type { Rival } from './hpas.ts';
import type { MountFailures } from './mount-failures.ts';
import type { KubeObject } from './objects.ts';
import { controllerUidOf } from './owned-objects.ts';
import type { PodRecord } from './pods.ts';
import { readyOf, replicasOf, tierProblems } from './problems.ts';
import { isRollingOut } from './rollout.ts';
import type { StoredScalePlan } from './scale-plans.ts';
import type { Store } from './store.ts';

export interface ClusterReaderOptions {
  /** Indexed by campaign key, as are pods and plans. */
  readonly deployments: Pick<Store<KubeObject>, 'byIndex'>;
  readonly pods: Pick<Store<PodRecord>, 'byIndex'>;
  readonly plans: Pick<Store<StoredScalePlan>, 'byIndex'>;
  /** Indexed by `NAMESPACE/NAME` of the Deployment that they scale. */
  readonly rivals: Pick<Store<Rival>, 'byIndex'>;
  readonly mountFailures: MountFailures;
  /** Whether every watch of the namespace has seen its objects once; before that, absent would only mean unknown. */
  readonly isServed: (namespace: string) => boolean;
}

const isTier = (word: string | undefined): word is Tier => TIERS.some((tier) => tier === word);

export const createClusterReader = (options: ClusterReaderOptions): ClusterReader => ({
  async observe({ metadata: { namespace, name, uid } }, signal) {
    if (!options.isServed(namespace)) throw new Error(`the watches of ${namespace} have not seen all objects yet`);
    const key = `${namespace}/${name}`;
    const pods = [...options.pods.byIndex(key)].filter(({ isTerminating, isOver }) => !isTerminating && !isOver);
    const mountFailures = options.mountFailures.of(namespace, pods, signal);
    const tiers: Partial<Record<Tier, ObservedTier>> = {};
    let headroom: ObservedHeadroom | undefined;
    for (const deployment of options.deployments.byIndex(key)) {
      const { labels, deletionTimestamp, resourceVersion } = deployment.metadata;
      const tier = labels?.[LABELS.component];
      // One of a campaign that was deleted, or one that is on its way out, does not count as there.
      if (deletionTimestamp !== undefined || controllerUidOf(deployment) !== uid) continue;
      const seen = { name: deployment.metadata.name, replicas: replicasOf(deployment), resourceVersion };
      if (tier === HEADROOM) headroom = { deployment: seen, ready: readyOf(deployment) };
      if (!isTier(tier)) continue;
      const own = pods.filter(({ observed }) => observed.tier === tier);
      const rivals = [...options.rivals.byIndex(`${namespace}/${deployment.metadata.name}`)];
      const problems = tierProblems(deployment, own, mountFailures);
      tiers[tier] = {
        deployment: seen,
        pods: own.map(({ observed }) => observed),
        ...(isRollingOut(deployment) ? { isRollingOut: true } : {}),
        ...(rivals.length === 0 ? {} : { rivals: rivals.map((rival) => rival.metadata.name).sort() }),
        ...(problems.length === 0 ? {} : { problems }),
      };
    }
    const plans: readonly ScalePlan[] = [...options.plans.byIndex(key)];
    return { tiers, plans, ...(headroom === undefined ? {} : { headroom }) };
  },
});

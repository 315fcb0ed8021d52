/** What a campaign has in the cluster now, from the watches: no call, and so no wait. */
import { ASKED_AGAIN, HEADROOM, LABELS } from '../../contract/names.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { isTier, type Tier } from '../../contract/tiers.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ObservedHeadroom, ObservedTier } from '../tick/cluster-view.ts';
import type { ClusterReader } from '../tick/ports.ts';
import type { Look } from './look.ts';
import type { KubeObject } from './objects.ts';
import type { OtherAutoscaler } from './other-autoscalers.ts';
import { controllerUidOf } from './owned-objects.ts';
import { isRefused, unansweredState } from './pods/creation-problems.ts';
import type { MountFailures } from './pods/mount-failures.ts';
import type { PodRecord } from './pods/pods.ts';
import { readyOf, replicasOf, tierProblems } from './pods/problems.ts';
import { isRollingOut, updatedOf } from './pods/rollout.ts';
import type { StoredScalePlan } from './scale-plans.ts';
import type { Store } from './store.ts';

export interface ClusterReaderOptions {
  /** Indexed by campaign key, as are pods and plans. */
  readonly deployments: Pick<Store<KubeObject>, 'byIndex'>;
  readonly pods: Pick<Store<PodRecord>, 'byIndex'>;
  readonly plans: Pick<Store<StoredScalePlan>, 'byIndex'>;
  /** Indexed by `NAMESPACE/NAME` of the Deployment that they scale. */
  readonly otherAutoscalers: Pick<Store<OtherAutoscaler>, 'byIndex'>;
  readonly mountFailures: MountFailures;
  /** Whether every watch of the namespace has seen its objects once; before that, absent would only mean unknown. */
  readonly isServed: (namespace: string) => boolean;
  /** ResourceQuotas of a namespace, as listed. */
  readonly quotas: Look<unknown>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
}

const askedAgainAtMs = ({ metadata: { annotations } }: KubeObject): number | undefined => {
  const atMs = Date.parse(annotations?.[ASKED_AGAIN] ?? '');
  return Number.isNaN(atMs) ? undefined : atMs;
};

/** For how long an object has been in one and the same state; the clock is one that never jumps. */
const createStandstill = (clock: Pick<Clock, 'monotonicMs'>) => {
  const since = new Map<string, { readonly state: string; readonly fromMs: number }>();
  return (uid: string, state: string | undefined): number => {
    if (state === undefined) {
      since.delete(uid);
      return 0;
    }
    const known = since.get(uid);
    const fromMs = known?.state === state ? known.fromMs : clock.monotonicMs();
    since.set(uid, { state, fromMs });
    return clock.monotonicMs() - fromMs;
  };
};

export const createClusterReader = (options: ClusterReaderOptions): ClusterReader => {
  const { clock } = options;
  const unanswered = createStandstill(clock);
  return {
    async observe({ metadata: { namespace, name, uid } }, signal) {
      if (!options.isServed(namespace)) throw new Error(`the watches of ${namespace} have not seen all objects yet`);
      const key = `${namespace}/${name}`;
      const pods = [...options.pods.byIndex(key)];
      const standing = pods.filter(({ isTerminating, isOver }) => !isTerminating && !isOver);
      const words = options.mountFailures.of(namespace, standing, signal);
      // One of a campaign that was deleted, or one that is on its way out, does not count as there.
      const deployments = [...options.deployments.byIndex(key)].filter(
        (one) => one.metadata.deletionTimestamp === undefined && controllerUidOf(one) === uid,
      );
      const quotas = options.quotas.of(namespace, deployments.some(isRefused), signal);
      const tiers: Partial<Record<Tier, ObservedTier>> = {};
      let headroom: ObservedHeadroom | undefined;
      for (const deployment of deployments) {
        const { labels, resourceVersion } = deployment.metadata;
        const tier = labels?.[LABELS.component];
        const askedAtMs = askedAgainAtMs(deployment);
        const seen = {
          name: deployment.metadata.name,
          replicas: replicasOf(deployment),
          resourceVersion,
          ...(askedAtMs === undefined ? {} : { askedAgainAtMs: askedAtMs }),
        };
        if (tier === HEADROOM) headroom = { deployment: seen, ready: readyOf(deployment) };
        if (!isTier(tier)) continue;
        const own = pods.filter(({ observed }) => observed.tier === tier);
        const leaving = own.filter(({ isTerminating, observed }) => isTerminating && observed.isLost === true).length;
        const otherAutoscalers = [...options.otherAutoscalers.byIndex(`${namespace}/${deployment.metadata.name}`)];
        const problems = tierProblems({
          deployment,
          pods: own,
          words,
          quotas,
          nowMs: clock.now(),
          unansweredMs: unanswered(deployment.metadata.uid, unansweredState(deployment)),
        });
        tiers[tier] = {
          deployment: seen,
          pods: standing.flatMap(({ observed }) => (observed.tier === tier ? [observed] : [])),
          ...(leaving === 0 ? {} : { leaving }),
          ...(isRollingOut(deployment) ? { isRollingOut: true, updated: updatedOf(deployment) } : {}),
          ...(otherAutoscalers.length === 0
            ? {}
            : { otherAutoscalers: otherAutoscalers.map((other) => other.metadata.name).sort() }),
          ...(problems.length === 0 ? {} : { problems }),
        };
      }
      const plans: readonly ScalePlan[] = [...options.plans.byIndex(key)];
      return { tiers, plans, ...(headroom === undefined ? {} : { headroom }) };
    },
  };
};

/** A campaign's objects in the cluster, from the watches: no call, and so no wait. */
import { defined } from '../../contract/defined.ts';
import { isJob } from '../../contract/jobs.ts';
import { ASKED_AGAIN, HEADROOM, LABELS, runKeyOf } from '../../contract/names.ts';
import { isTier, type Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ObservedHeadroom, ObservedJob, ObservedTier } from '../tick/cluster-view.ts';
import type { ClusterReader } from '../tick/ports.ts';
import { jobOf } from './job-status.ts';
import type { Look } from './look.ts';
import type { KubeObject } from './objects.ts';
import type { OtherAutoscaler } from './other-autoscalers.ts';
import { controllerUidOf } from './owned-objects.ts';
import { isRefused, unansweredState } from './pods/creation-problems.ts';
import { deploymentOf, isRollingOut } from './pods/deployment-status.ts';
import type { createMountFailures } from './pods/mount-failures.ts';
import type { PodRecord } from './pods/pods.ts';
import { tierProblems } from './pods/problems.ts';
import type { StoredScalePlan } from './scale-plans.ts';
import type { Store } from './store.ts';

interface ClusterReaderOptions {
  /** Indexed by campaign key, as are pods and plans. */
  readonly deployments: Pick<Store<KubeObject>, 'byIndex'>;
  readonly jobs: Pick<Store<KubeObject>, 'byIndex'>;
  readonly pods: Pick<Store<PodRecord>, 'byIndex'>;
  readonly plans: Pick<Store<StoredScalePlan>, 'byIndex'>;
  /** Indexed by `NAMESPACE/NAME` of the Deployment that they scale. */
  readonly otherAutoscalers: Pick<Store<OtherAutoscaler>, 'byIndex'>;
  readonly mountFailures: ReturnType<typeof createMountFailures>;
  /** Whether every watch of the namespace has seen its objects once; before that, a missing object is only unknown. */
  readonly isServed: (namespace: string) => boolean;
  readonly isJobsSeen: (namespace: string) => boolean;
  /** ResourceQuotas of a namespace, as listed. */
  readonly quotas: Look<unknown>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
}

const askedAgainAtMs = ({ metadata: { annotations } }: KubeObject): number | undefined => {
  const atMs = Date.parse(annotations?.[ASKED_AGAIN] ?? '');
  return Number.isNaN(atMs) ? undefined : atMs;
};

/** For how long an object has been in the same state; by a clock that never jumps. */
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
      const running = pods.filter(({ isTerminating, isOver }) => !isTerminating && !isOver);
      const words = options.mountFailures.of(namespace, running, signal);
      // Not those of a campaign that was deleted, nor those that are being deleted.
      const deployments = [...options.deployments.byIndex(key)].filter(
        (one) => one.metadata.deletionTimestamp === undefined && controllerUidOf(one) === uid,
      );
      const quotas = options.quotas.of(namespace, deployments.some(isRefused), signal);
      const tiers: Partial<Record<Tier, ObservedTier>> = {};
      let headroom: ObservedHeadroom | undefined;
      for (const deployment of deployments) {
        const { labels, resourceVersion } = deployment.metadata;
        const tier = labels?.[LABELS.component];
        const { spec, status } = deploymentOf(deployment);
        const seen = {
          name: deployment.metadata.name,
          replicas: spec.replicas,
          resourceVersion,
          ...defined({ askedAgainAtMs: askedAgainAtMs(deployment) }),
        };
        if (tier === HEADROOM) headroom = { deployment: seen, ready: status.readyReplicas };
        if (!isTier(tier)) continue;
        const own = pods.filter(({ observed }) => observed.tier === tier);
        const leaving = own.filter(({ isTerminating, observed }) => isTerminating && observed.isLost === true).length;
        const others = [...options.otherAutoscalers.byIndex(`${namespace}/${deployment.metadata.name}`)];
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
          pods: running.flatMap(({ observed }) => (observed.tier === tier ? [observed] : [])),
          ...(leaving === 0 ? {} : { leaving }),
          ...(isRollingOut(deployment) ? { isRollingOut: true, updated: status.updatedReplicas } : {}),
          ...(others.length === 0 ? {} : { otherAutoscalers: others.map(({ metadata }) => metadata.name).sort() }),
          ...(problems.length === 0 ? {} : { problems }),
        };
      }
      const plans: readonly ScalePlan[] = [...options.plans.byIndex(key)];
      // Also one that is being deleted: its name is taken until it is gone.
      const jobs: Record<string, ObservedJob> = {};
      for (const job of options.jobs.byIndex(key)) {
        const component = job.metadata.labels?.[LABELS.component];
        if (!isJob(component) || controllerUidOf(job) !== uid) continue;
        const pod = running.find(({ observed }) => observed.name.startsWith(`${job.metadata.name}-`))?.observed;
        const { adminUrl, name: podName } = pod ?? {};
        jobs[runKeyOf(name, job.metadata.name)] = { ...jobOf(job), ...defined({ adminUrl, podName }) };
      }
      const unseen = options.isJobsSeen(namespace) ? {} : { isJobsUnseen: true };
      return { tiers, jobs, plans, ...unseen, ...defined({ headroom }) };
    },
  };
};

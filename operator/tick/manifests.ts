/** Which manifests a tick writes, in the order in which they must exist. */

import type { HEADROOM } from '../../contract/names.ts';
import { runKey } from '../../contract/names.ts';
import { servesHttp, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { JournalState } from '../../journal/administration.ts';
import type { BuildOptions } from '../resources/build-options.ts';
import { buildAppConfigMap } from '../resources/config-map.ts';
import { buildDeployment, withReplicas } from '../resources/deployment.ts';
import { buildHeadroom, buildHeadroomPolicy } from '../resources/headroom.ts';
import { buildJob } from '../resources/job.ts';
import type { Manifest } from '../resources/manifest.ts';
import { buildNetworkPolicy } from '../resources/network-policy.ts';
import { buildPodDisruptionBudget } from '../resources/pod-disruption-budget.ts';
import { buildService } from '../resources/service.ts';
import { buildServiceAccount } from '../resources/service-account.ts';
import type { ObservedCluster } from './cluster-view.ts';
import type { JobRun } from './jobs.ts';

/**
 * | journal        | Deployment | what happens                                                             |
 * |----------------|------------|--------------------------------------------------------------------------|
 * | not asked yet  | absent     | waits one pass: the journal may belong to another object                 |
 * | conflict       | absent     | waits for the admin: its pods would write into another object's streams |
 * | unavailable    | absent     | created: pods start meanwhile and turn ready when the journal answers    |
 * | ready          | absent     | created with the desired replicas                                        |
 * | any            | there      | applied without replicas                                                 |
 *
 * The headroom Deployment is created when placeholders are first wanted. A Job is created when there is work for it and none is there;
 * its account and policy come before it.
 */
export const planManifests = (
  campaign: VoucherCampaign,
  cluster: ObservedCluster,
  journal: JournalState | undefined,
  desired: Readonly<Record<Tier | typeof HEADROOM, number>>,
  jobs: readonly JobRun[],
  options: BuildOptions,
  /** Undefined: not everything is destroyed. */
  certificate?: Manifest,
): { readonly create: readonly Manifest[]; readonly apply: readonly Manifest[] } => {
  const mayCreate = journal !== undefined && journal.kind !== 'conflict';
  const tiers = tiersOf(campaign.spec);
  const workloads = [...tiers, ...new Set(jobs.map(({ job }) => job))];
  const absent = tiers.filter((tier) => cluster.tiers[tier] === undefined);
  const present = tiers.filter((tier) => cluster.tiers[tier] !== undefined);
  const priorityClassName = options.pods?.headroomPriorityClassName;
  const headroom = priorityClassName === undefined ? [] : [buildHeadroom(campaign, priorityClassName, options)];
  return {
    create: mayCreate
      ? [
          ...absent.map((tier) => withReplicas(buildDeployment(campaign, tier, options), desired[tier])),
          // Last: what serves comes before what keeps room.
          ...(cluster.headroom === undefined && desired.headroom > 0
            ? headroom.map((deployment) => withReplicas(deployment, desired.headroom))
            : []),
          ...jobs
            .filter(({ job, run }) => cluster.jobs?.[runKey(job, run)] === undefined && cluster.isJobsUnseen !== true)
            .map((run) => buildJob(campaign, run, options)),
        ]
      : [],
    apply: [
      ...workloads.map((workload) => buildServiceAccount(campaign, workload)),
      buildAppConfigMap(campaign, tiers, options),
      ...tiers.filter(servesHttp).map((tier) => buildService(campaign, tier)),
      ...tiers.map((tier) => buildPodDisruptionBudget(campaign, tier)),
      ...workloads.map((workload) => buildNetworkPolicy(campaign, workload, options)),
      ...present.map((tier) => buildDeployment(campaign, tier, options)),
      ...(certificate === undefined ? [] : [certificate]),
      ...(cluster.headroom === undefined ? [] : [buildHeadroomPolicy(campaign), ...headroom]),
    ],
  };
};

/** Everything that a campaign owns in the cluster. */

import type { Workload } from '../../contract/jobs.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { TierProblem } from './tier-problem.ts';

export interface ObservedPod {
  readonly name: string;
  readonly tier: Workload;
  readonly ready: boolean;
  /** Its node does not answer: it counts as a replica, and serves no one. Absent: no. */
  readonly isLost?: boolean;
  readonly createdAtMs: number;
  readonly readyAtMs?: number;
  /** `http://host:port` of the admin port; undefined before it has an address. */
  readonly adminUrl?: string;
}

export interface ObservedTier {
  readonly deployment: {
    readonly name: string;
    readonly replicas: number;
    readonly resourceVersion: string;
    readonly askedAgainAtMs?: number;
  };
  readonly pods: readonly ObservedPod[];
  /** Of the pods on nodes that do not answer, those that are being deleted; they are not in `pods`. Absent: none. */
  readonly leaving?: number;
  readonly isRollingOut?: boolean;
  /** Pods of the newest template, while it is being rolled out. */
  readonly updated?: number;
  /** Names of autoscalers of others that write its replicas. Absent: none. */
  readonly otherAutoscalers?: readonly string[];
  /** Absent where no one can tell. */
  readonly problems?: readonly TierProblem[];
}

/** Placeholders that keep room on nodes. */
export interface ObservedHeadroom {
  readonly deployment: ObservedTier['deployment'];
  /** Placeholders that have a place on a node. */
  readonly ready: number;
}

/** A Job that there is; one whose time after its end is over is deleted by the cluster. */
export interface ObservedJob {
  readonly name: string;
  /** `starting`: none of its pods runs now. */
  readonly state: 'starting' | 'running' | 'done' | 'failed';
  /** Pods that ended with an error; the next one tries again. */
  readonly failedPods: number;
  /** Of its pod that runs, for one that is watched; undefined while there is none. */
  readonly adminUrl?: string;
  /** Of that pod. */
  readonly podName?: string;
}

export interface ObservedCluster {
  /** By run (`runKey`); absent: none. */
  readonly jobs?: Readonly<Record<string, ObservedJob>>;
  /** Jobs can't be listed: whether there is one is unknown, and none is created. Absent: they can. */
  readonly isJobsUnseen?: boolean;
  readonly headroom?: ObservedHeadroom;
  readonly tiers: Partial<Readonly<Record<Tier, ObservedTier>>>;
  readonly plans: readonly ScalePlan[];
  /** Plans of which a field can't be read: they grant nothing. Absent: none. */
  readonly unreadablePlans?: readonly { readonly name: string; readonly problem: string }[];
}

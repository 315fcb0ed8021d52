/** What stands in a campaign's way in its cluster, as data: why pods do not come, and what the API server did not take. */

type Amounts = readonly { readonly resource: string; readonly amount: number }[];

/** Words of others, and how old they are: a controller that backs off does not say them anew. */
export interface Said {
  /** Seconds since they were said first. Absent: they are of now. */
  readonly saidSecondsAgo?: number;
}

/** Why replicas that were asked for do not come, or do not serve. Amounts in base units: cores, bytes, pieces. */
export type TierProblem =
  | (Said & {
      /** A ResourceQuota lets no more pods in. */
      readonly kind: 'quota';
      readonly quota: string;
      /** Replicas that are missing for it. */
      readonly replicas: number;
      /** What the quota would have to allow in addition; none where it has room by now. */
      readonly missing: Amounts;
      /** Pods of a new template, while those of the old one serve. Absent: no. */
      readonly isRollout?: boolean;
      /** The quota was looked at: `full` now, or with room by now, so that the pods are asked for again. Absent: not looked at. */
      readonly now?: 'full' | 'room';
    })
  | (Said & {
      /** Something else refuses the pods, or what makes them: pod security, an admission policy. */
      readonly kind: 'refused';
      readonly message: string;
      readonly isRollout?: boolean;
    })
  | {
      /** No node takes them. */
      readonly kind: 'unschedulable';
      readonly replicas: number;
      /** What they request in all. */
      readonly missing: Amounts;
      /** Most pods of the tier that share a node now. Absent: none has one. */
      readonly mostOnANode?: number;
      /** The scheduler's words. */
      readonly message: string;
    }
  | (Said & {
      /**
       * `not_starting`: they are not running, for an image, a Secret, a volume, an init container, a crash.
       * `not_ready`: they run and say that they can't serve. `ended`: they failed or were thrown out a moment ago.
       * `not_ending`: they should be gone, and keep their part of quotas and nodes.
       */
      readonly kind: 'not_starting' | 'not_ready' | 'ended' | 'not_ending';
      readonly replicas: number;
      /** The word of Kubernetes, such as ImagePullBackOff, FailedMount or Evicted. */
      readonly reason: string;
      readonly message: string;
    })
  | {
      /** Their nodes do not answer. */
      readonly kind: 'lost';
      readonly replicas: number;
      readonly nodes: readonly string[];
    }
  | {
      /** A rollout was given up or paused, and nothing above says why. */
      readonly kind: 'rollout';
      /** Pods of the new template, of so many. */
      readonly updated: number;
      readonly replicas: number;
      readonly message: string;
    };

/** An object that the API server did not take. */
export interface WriteRefusal {
  /** What was tried, such as `create Deployment chengdu-intake`. */
  readonly what: string;
  /** The server's own words where it gave some. */
  readonly words: string;
  /** It said no; else it failed, and has done so since. */
  readonly isRefused: boolean;
  readonly sinceMs: number;
}

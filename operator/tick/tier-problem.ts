/** What goes wrong for a campaign in its cluster, as data: why pods are missing, and what the API server refused. */
type Amounts = readonly { readonly resource: string; readonly amount: number }[];

/** How old a message of a controller is: one that backs off does not repeat it. */
export interface Said {
  /** Seconds since it was first seen. Absent: it is new. */
  readonly saidSecondsAgo?: number;
}

/** Why replicas are missing, or do not serve. Amounts in base units: cores, bytes, pieces. */
export type TierProblem =
  | (Said & {
      /** A ResourceQuota admits no more pods. */
      readonly kind: 'quota';
      readonly quota: string;
      /** Replicas that are missing because of it. */
      readonly replicas: number;
      /** What the quota would have to allow in addition; empty where it has room by now. */
      readonly missing: Amounts;
      /** Pods of a new template, while those of the old one serve. Absent: no. */
      readonly isRollout?: boolean;
      /** The quota was read: it is `full`, or has room by now and the pods are requested again. Absent: not read. */
      readonly now?: 'full' | 'room';
    })
  | (Said & {
      readonly kind: 'refused';
      readonly message: string;
      readonly isRollout?: boolean;
      /** No controller has said or done anything: there is no refusal that it could retry. */
      readonly isUnanswered?: true;
    })
  | {
      readonly kind: 'unschedulable';
      readonly replicas: number;
      readonly missing: Amounts;
      /** Most pods of the tier that share a node now. Absent: none has one. */
      readonly mostOnANode?: number;
      readonly message: string;
    }
  | (Said & {
      /**
       * `not_starting`: they are not running, for an image, a Secret, a volume, an init container, a crash.
       * `not_ready`: they run and report that they can't serve. `ended`: they failed or were evicted a moment ago.
       * `not_ending`: they are being deleted, and still use their part of quotas and nodes.
       */
      readonly kind: 'not_starting' | 'not_ready' | 'ended' | 'not_ending';
      readonly replicas: number;
      /** The reason of Kubernetes, such as ImagePullBackOff, FailedMount or Evicted. */
      readonly reason: string;
      readonly message: string;
    })
  | {
      readonly kind: 'lost';
      readonly replicas: number;
      readonly nodes: readonly string[];
    }
  | {
      /** A rollout was given up or paused, and nothing above says why. */
      readonly kind: 'rollout';
      /** Pods of the new template, out of `replicas`. */
      readonly updated: number;
      readonly replicas: number;
      readonly message: string;
    };

export interface WriteRefusal {
  /** What was tried, such as `create Deployment chengdu-intake`. */
  readonly what: string;
  /** The server's own message where it gave one. */
  readonly words: string;
  /** Whether the server refused it; else it failed for another cause, for a while. */
  readonly isRefused: boolean;
  readonly sinceMs: number;
}

/** The input of the doctor's checks. Data only, and no value of a Secret. */

import type { Workload } from '../../contract/jobs.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { SeenClaim } from '../claim.ts';
import type { SeenCampaign } from '../cluster.ts';

/** The result of a read; not every user may read everything. */
export type Seen<T> =
  | { readonly kind: 'seen'; readonly value: T }
  /** The user lacks the permission; users who have it can run this command. */
  | { readonly kind: 'hidden'; readonly command: string }
  | { readonly kind: 'failed'; readonly message: string };

/** CPU in cores, memory in bytes, pods in pieces. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly pods: number;
}

export interface ServerFacts {
  readonly version: string;
  /** Of its Date header, which has whole seconds. */
  readonly dateMs: number;
  /** By this machine's clock, when the answer came, and how long it took. */
  readonly answeredAtMs: number;
  readonly tookMs: number;
}

export interface CrdFacts {
  readonly name: string;
  readonly isEstablished: boolean;
  /** `spec.scaling.mode`, of this plug-in's version; empty when it is not served. */
  readonly fields: readonly string[];
}

export interface OperatorFacts {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly ready: number;
  readonly image: string;
  readonly leaseName: string;
  readonly watchNamespaces: readonly string[];
}

export interface LeaseFacts {
  readonly holder: string;
  readonly renewedAtMs: number;
  /** The same moment by the API server's clock. */
  readonly writtenAtMs: number | undefined;
  /** Its holder's report: namespaces that it watches and does not serve as it should. */
  readonly notServed: Readonly<Record<string, { readonly said: string; readonly remedy: string }>>;
}

export interface PolicyFacts {
  readonly name: string;
  /** Only with a binding it refuses. */
  readonly isBound: boolean;
  /** Parts that the API server does not understand. */
  readonly warnings: number;
}

export interface ClusterFacts {
  readonly nowMs: number;
  /** Of the campaigns in question. */
  readonly namespace: string;
  readonly server: Seen<ServerFacts>;
  readonly crds: Seen<readonly CrdFacts[]>;
  readonly operators: Seen<readonly OperatorFacts[]>;
  readonly lease: Seen<LeaseFacts | undefined>;
  /** Undefined: there is none, and so no campaign that an operator has processed. */
  readonly claim: Seen<SeenClaim | undefined>;
  readonly policies: Seen<readonly PolicyFacts[]>;
}

export interface SecretFacts {
  readonly name: string;
  readonly keys: Seen<readonly string[] | undefined>;
}

export interface CertificateFacts {
  readonly namespace: string;
  readonly secret: string;
  /** The chart creates a deleted server certificate again; the authority would be lost. */
  readonly isRenewable: boolean;
  readonly expiresAtMs: number;
}

export interface QuotaFacts {
  readonly name: string;
  readonly hard: Readonly<Record<string, number>>;
  readonly used: Readonly<Record<string, number>>;
}

interface LimitRangeFacts {
  readonly name: string;
  readonly max: Readonly<Record<string, number>>;
  readonly min: Readonly<Record<string, number>>;
  readonly defaultLimit: Readonly<Record<string, number>>;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export interface NodeFacts {
  readonly name: string;
  readonly isSchedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly allocatable: Resources;
  /** By its pods, without placeholders, which are evicted first. */
  readonly requested: Resources;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

export interface TierFacts {
  readonly replicas: number;
  readonly image: string;
  /** Of one pod. */
  readonly requests: Resources;
  readonly limits: Readonly<Record<string, number>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly priorityClassName: string | undefined;
  readonly pullSecrets: readonly string[];
}

interface PullSecretFacts {
  readonly name: string;
  /** `kubernetes.io/dockerconfigjson`; undefined: there is none of that name. */
  readonly type: string | undefined;
}

export interface PodFacts {
  readonly tier: string;
  readonly isReady: boolean;
  readonly image: string;
  /** `ErrImagePull`; undefined: it runs, or the cause is unknown. */
  readonly waitsFor: string | undefined;
}

export interface CampaignFacts {
  readonly campaign: SeenCampaign;
  readonly plans: readonly ScalePlan[];
  readonly secrets: {
    readonly privacy: SecretFacts;
    readonly dataPlane: readonly (SecretFacts & { readonly workload: Workload })[];
    /** Keys of providers; absent for a campaign without spec.verification. */
    readonly providers?: SecretFacts;
    /** Keys of channels; absent for a campaign without spec.issuance. */
    readonly channels?: SecretFacts;
    /** Keys of logins; absent for a campaign without spec.login. */
    readonly login?: SecretFacts;
  };
  readonly certificates: Seen<readonly CertificateFacts[]>;
  readonly tiers: Seen<Readonly<Partial<Record<Tier, TierFacts>>>>;
  readonly pods: Seen<readonly PodFacts[]>;
  readonly pullSecrets: Seen<readonly PullSecretFacts[]>;
  readonly quotas: Seen<readonly QuotaFacts[]>;
  readonly limitRanges: Seen<readonly LimitRangeFacts[]>;
  readonly nodes: Seen<readonly NodeFacts[]>;
  /** By the status of a cluster autoscaler. */
  readonly hasNodeAutoscaler: boolean;
  /** Deployments that a HorizontalPodAutoscaler writes, and its name. */
  readonly autoscalers: Seen<readonly { readonly name: string; readonly deployment: string }[]>;
  readonly disruptionBudgets: Seen<readonly string[]>;
  readonly priorityClasses: Seen<readonly string[]>;
  /** The label pod-security.kubernetes.io/enforce of the namespace. */
  readonly podSecurity: Seen<string | undefined>;
}

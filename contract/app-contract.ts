/** What the operator and the pods agree on: environment, files, live settings, metric names. Pure. */
import type { FrozenExclusion } from './decisions/exclusion.ts';
import type { ReviewSessions } from './review.ts';
import type { PageSpec } from './types/page.ts';
import type { KeySpace, Uniqueness } from './uniqueness.ts';

/** Environment variables of every app container. Directories are mount paths; ports are numbers. */
export const ENV = {
  /** `app/main.ts` runs this role: a tier's name. */
  role: 'VOUCHER_ROLE',
  podName: 'POD_NAME',
  /** ConfigMap mount with `config.json` (AppConfig). */
  configDir: 'VOUCHER_CONFIG_DIR',
  /** Mount of the Secret `spec.privacy.keySecretName`, in tiers that get its keys. */
  privacyDir: 'VOUCHER_PRIVACY_DIR',
  /** Mount of the Secret `spec.dataPlane.secretName` of the pod's tier. */
  dataPlaneDir: 'VOUCHER_DATA_PLANE_DIR',
  /** Listen address, `::` (IPv6 and IPv4) in a pod, `127.0.0.1` in the embedded mode. */
  host: 'VOUCHER_HOST',
  /** Most connections of citizens that an intake holds; 4,096 unless stated. */
  maxConnections: 'VOUCHER_MAX_CONNECTIONS',
  /** One per named container port: `PORT_HTTP`, `PORT_ADMIN`. */
  portHttp: 'PORT_HTTP',
  /** The campaign's Service, for the intake's own canaries. */
  serviceUrl: 'VOUCHER_SERVICE_URL',
  /** How long the intake keeps an idle connection: longer than the load balancer in front of it. 620 unless stated. */
  keepAliveSeconds: 'VOUCHER_KEEP_ALIVE_SECONDS',
  portAdmin: 'PORT_ADMIN',
  logLevel: 'VOUCHER_LOG_LEVEL',
  /** Collector of traces (OTLP over HTTP), and the share of registrations that are traced. Absent: none are. */
  tracingEndpoint: 'VOUCHER_TRACING_ENDPOINT',
  tracingRatio: 'VOUCHER_TRACING_RATIO',
  /** After SIGTERM, how long an intake that is no longer ready still takes new connections. 0 unless stated: pods have a preStop. */
  drainGraceMs: 'VOUCHER_DRAIN_GRACE_MS',
  /** Draw: what an owner has authorised, as JSON (contract/decisions/draw-order.ts). Absent: the Job makes the list, and nothing more. */
  drawOrder: 'VOUCHER_DRAW',
  /** Books: what a person has ordered, as JSON (contract/outside/reconcile.ts). */
  reconcileOrder: 'VOUCHER_RECONCILE',
  /** Exclude: which earlier campaign, as JSON (contract/decisions/exclusion.ts); and mounts of that one's Secrets. */
  exclusionOrder: 'VOUCHER_EXCLUSION',
  earlierPrivacyDir: 'VOUCHER_EARLIER_PRIVACY_DIR',
  earlierDataPlaneDir: 'VOUCHER_EARLIER_DATA_PLANE_DIR',
  /** Draw: writable folder for the files that prove the result. Absent: none are written. */
  bundleDir: 'VOUCHER_BUNDLE_DIR',
  /** Draw: `spec.draw.bundleStore` as JSON, and the folder with its keys. Absent: there is no store. */
  bundleStore: 'VOUCHER_BUNDLE_STORE',
  bundleKeysDir: 'VOUCHER_BUNDLE_KEYS_DIR',
  /**
   * Draw, of the demo and of tests only: a chain of drand that is not pinned in the product, as a relay answers `/info`. No manifest sets
   * it: the holder of such a chain's key can choose the result.
   */
  drandChain: 'VOUCHER_DRAND_CHAIN',
} as const;

/** Variable with the mount of a Secret of the tier's own (contract/tiers.ts): `VOUCHER_ECHO_DIR`. */
export const secretDirOf = (name: string): string => `VOUCHER_${name.toUpperCase().replaceAll('-', '_')}_DIR`;

/** Container port names and their numbers in a pod. `http`: citizens (intake only). `admin`: /livez /readyz /metrics. */
export const PORTS = { http: 8080, admin: 9090 } as const;

/**
 * Paths on the admin port. Readiness fails while starting and draining, and in an intake whose clock differs from the agreed
 * time by more than 5 s; never because of shedding.
 * `/healthz` says whether journal and database answer this process, with its own credentials. No probe of the kubelet asks it,
 * because neither a restart nor an unready pod repairs a database.
 * `/differences` (the Job `compare`): the rows that differ between journal and database, as DifferencesReport.
 * `POST /review/<action>` (verification): manual review, for requests with a session (contract/review.ts).
 * `POST /canary` (intake): sends a test registration through the Service and returns a CanaryReport; 409 while one is under way.
 */
export const ADMIN_PATHS = {
  live: '/livez',
  ready: '/readyz',
  health: '/healthz',
  metrics: '/metrics',
  canary: '/canary',
  differences: '/differences',
} as const;

/** How far a canary came. accepted: through Service and intake into the journal. confirmed: into the database as well. */
export interface CanaryReport {
  readonly result: 'confirmed' | 'accepted' | 'failed';
  /** For people; empty when confirmed. Holds nothing of a registration. */
  readonly reason: string;
}

/** How long an intake waits for the canary's row at most. */
export const CANARY_WITHIN_MS = 10_000;

/** Keys (= file names) of a tier's data-plane Secret. Each value is text without a trailing newline. */
export const DATA_PLANE_KEYS = {
  /** Comma-separated list of `nats://host:port`, or of `tls://host:port` to require TLS. */
  natsUrl: 'nats-url',
  natsUser: 'nats-user',
  natsPassword: 'nats-password',
  /** Optional. PEM of the authorities that must have issued the servers' certificates. It makes TLS mandatory. */
  natsCa: 'nats-ca.crt',
  /** `postgres://user:password@host:port/database`. */
  postgresUrl: 'postgres-url',
  /** Optional. The same for the database. */
  postgresCa: 'postgres-ca.crt',
} as const;

/**
 * Keys of the privacy Secret. All are 32 random bytes in base64.
 * - `citizen.key`: HMAC of identity numbers, receipts; never changes within a campaign.
 * - `wrap-<id>.key`: wraps data keys; the greatest `<id>` (bytewise) wraps new ones, all unwrap. Read live.
 * - `canary.key`: signs canary and rehearsal requests.
 */
export const PRIVACY_KEYS = {
  citizen: 'citizen.key',
  canary: 'canary.key',
  wrapPattern: /^wrap-([a-z0-9-]{1,32})\.key$/,
} as const;

/** Files of the Secret `spec.draw.bundleStore.secretName`. */
export const BUNDLE_KEYS = { accessKeyId: 'access-key-id', secretAccessKey: 'secret-access-key' } as const;

export interface LocalizedText {
  readonly 'zh-CN': string;
  readonly en: string;
}

/** `config.json` in the ConfigMap: only what never changes for the life of the campaign. */
export interface AppConfig {
  readonly v: 1;
  readonly campaignId: string;
  readonly namespace: string;
  readonly campaignName: string;
  /** Site name, a DNS label; `default` when the campaign has one site. */
  readonly site: string;
  /** Number of shard streams, 3 unless stated. */
  readonly shards: number;
  /** Replicas of every stream and bucket: 3, or 1 on a single development server. */
  readonly journalReplicas: number;
  /** Tiers of the campaign; a pod of an older release may not know all of them. */
  readonly tiers: readonly string[];
}

export interface LiveVoucher {
  readonly name: string;
  readonly title: LocalizedText;
  readonly faceValueFen: number;
  readonly minimumSpendFen: number;
  readonly quota: number;
  readonly validDays: number;
}

/** The value of key `settings` in the live bucket, JSON. Written by the operator, watched by every pod; effective ≤ 2 s. */
export interface LiveSettings {
  readonly v: 1;
  /** The campaign's `metadata.generation` these settings were made from. */
  readonly generation: number;
  readonly title: LocalizedText;
  readonly window: { readonly opensAt: string; readonly closesAt: string };
  readonly identity: { readonly keySpace: KeySpace };
  readonly eligibility: {
    readonly minAge: number;
    readonly uniqueness: Uniqueness;
    /** Titles of earlier campaigns whose winners take no part. Absent: none. */
    readonly excludeWinnersOf?: readonly LocalizedText[];
  };
  /** `spec.draw`: until when citizens can change their registration, whether those without a verdict enter the draw, where its files are. */
  readonly draw: { readonly verifyBy?: string; readonly unverified: 'exclude' | 'enter'; readonly bundleUrl?: string };
  /** When all personal data is destroyed. Absent: an operator of an earlier release wrote these settings. */
  readonly privacy?: { readonly deleteAt: string };
  readonly vouchers: readonly LiveVoucher[];
  readonly traffic: {
    /** Admitted registrations per second over all intake pods; a pod takes its share. */
    readonly admissionPerSecond: number;
    /** Ready intake pods that share the rate, at least 1. */
    readonly intakePods: number;
    /** Bucket depth in seconds of the pod's rate. */
    readonly burstSeconds: number;
    /** `spec.traffic.waitingRoom`. Absent: an operator of an earlier release wrote these settings; there is no waiting room. */
    readonly waitingRoom?: { readonly enabled: boolean; readonly preQueueMinutes: number };
    /** `spec.traffic.limits` of one pod, each a minute; 0: none. Absent: an operator of an earlier release; there are no limits. */
    readonly limits?: Readonly<Record<`${'citizen' | 'phone' | 'device' | 'address'}PerMinute`, number>>;
    /** `spec.traffic.trustedProxies`: networks whose word on a client's address is believed. Absent: none. */
    readonly trustedProxies?: readonly string[];
  };
  /** Ready login pods, which share the rates of the systems of `sections.login`. Absent: the campaign has no logins. */
  readonly loginPods?: number;
  /** A contingency level stops admission: what citizens read instead, made from memory alone. */
  readonly page?: {
    readonly title: LocalizedText;
    readonly text: LocalizedText;
    readonly retryAfterSeconds: number;
  };
  /** `spec.page`: how the page of the campaign looks. Absent: the defaults. */
  readonly look?: PageSpec;
  /** What is published of the draw: commitment, values of the sources, result, each with its digest. Absent: no commitment yet. */
  readonly published?: Readonly<Record<string, unknown>>;
  /** Every fact of the draw's result is stored: what shows whether a receipt took part (contract/decisions/control.ts, Frozen). */
  readonly announced?: {
    readonly barriers: readonly number[];
    readonly unverified: 'exclude' | 'enter' | 'unchecked';
    /** Lists of earlier winners, who are not in the list. Absent: none. */
    readonly excluded?: readonly FrozenExclusion[];
  };
  /** Sections of the spec that belong to one tier each, unchanged; its role reads its own. Absent: no such tier exists. */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** How far the database is behind the journal. Absent: hardly at all, or unknown. */
  readonly behind?: {
    /** How long the oldest registration that is not in the database has waited, rounded up to what people say. */
    readonly atMostSeconds: number;
    /** When that was measured; renewed every 10 s. */
    readonly asOf: string;
    /** The database accepts nothing now, so the wait is unknown. Absent: it accepts writes. */
    readonly isStopped?: true;
  };
  /** Sessions of reviewers that are in force (contract/review.ts). Absent: none. */
  readonly reviews?: ReviewSessions;
}

/**
 * Names of the metrics that the operator reads. Counters are per process and only grow.
 * `voucher_intake_arrivals_total{outcome}`: every registration POST, counted once, when it arrives or is answered:
 * attempted = all outcomes together.
 */
export const METRICS = {
  intakeArrivals: 'voucher_intake_arrivals_total',
  /**
   * Citizens who were asked to come again within seconds, and by now are expected to have come: fractions, by
   * `returnShares` (contract/crowd/returns.ts). Attempts less these, of all pods together, are first attempts: one pod's returns
   * go to any pod, so no difference of a single pod means anything.
   */
  returnsExpected: 'voucher_intake_expected_returns_total',
  /** Citizens who were asked to come again within seconds, and are not yet expected to have come. A gauge. */
  dueBack: 'voucher_intake_due_back_citizens',
  /**
   * `{ago}`: registration POSTs that arrived within one of the last ten full tenths of a second, `1` the newest, `10` the
   * oldest. Gauges; canaries left out; by the pod's monotonic clock. Together they are the exact rate of its last full second.
   */
  tenthAttempts: 'voucher_intake_recent_arrivals',
  /** `{ago}`: how many were expected to come again within the newest half of that second (`1`), and the older one (`2`). */
  halfReturns: 'voucher_intake_recent_returns',
  /** Unix seconds by the pod's clock at the scrape: the source timestamp of the counters. */
  scrapeTime: 'voucher_scrape_timestamp_seconds',
  /** Unix seconds by the pod's clock when the process started (a default metric): distinguishes a restart from a wrong zero. */
  processStart: 'process_start_time_seconds',
  /** `{clock}`: seconds that a clock is ahead of the agreed time; `own` is the pod's. Absent without an agreement. */
  clockAhead: 'voucher_clock_ahead_seconds',
  intakeInFlight: 'voucher_intake_in_flight_requests',
  intakeAnswerSeconds: 'voucher_intake_answer_seconds',
  journalPublishes: 'voucher_journal_publishes_total',
  recordsCommitted: 'voucher_records_committed_total',
  recordsRejected: 'voucher_records_rejected_total',
  /** `{state}`: totals of the database; absent while it does not answer. */
  recordsTotal: 'voucher_records_receipts',
  /** `{fact,voucher,channel}`: receipts of winners (contract/outside/books.ts); series of zero are absent, and all while the database is silent. */
  recordsFacts: 'voucher_records_facts',
  /** Unix seconds by the pod's clock at which these were counted; 0 while they are absent. */
  recordsFactsAt: 'voucher_records_facts_timestamp_seconds',
  /** `{dependency,state}`: state that this process finds with its own credentials, and for how many seconds it has lasted. */
  dependency: 'voucher_dependency_seconds',
  /** `{outcome}`: registrations that this intake published in the last seconds, by outcome. A gauge. */
  recentPublishes: 'voucher_intake_recent_publishes',
  /** How long the oldest batch has waited for its commit, in seconds; 0 without one. */
  recordsInHand: 'voucher_records_in_hand_seconds',
  /** Keys of the privacy Secret in the mount of an intake pod: 0 once the Secret is empty. A gauge. */
  privacyKeys: 'voucher_privacy_keys',
} as const;

/** Of the second that an intake tells in tenths. */
export const TENTHS = 10;

/**
 * Values of the `outcome` label of intake arrivals.
 * accepted: 201/200 after the journal's acknowledgement; shed: 503; refused: 4xx that the citizen can correct;
 * failed: 503 after the publish budget; turned_away: a connection that was refused, or cut before its request was complete,
 * because the pod holds its maximum. Canaries are counted as `canary`, never as demand.
 */
export const ARRIVAL_OUTCOMES = ['accepted', 'shed', 'refused', 'failed', 'turned_away', 'canary'] as const;
export type ArrivalOutcome = (typeof ARRIVAL_OUTCOMES)[number];

/**
 * Every name that the operator derives, in one place. Pure; imports the workloads.
 *
 * Two roots: `metadata.name` names Kubernetes objects, `spec.campaignId` names everything that must survive a
 * re-created object or another site (streams, subjects, keys, rows, HMAC contexts).
 */
import type { Channel, EventEnvelope } from './envelope.ts';
import type { Workload } from './jobs.ts';
import { entryOf, TIERS, type Tier } from './tiers.ts';

export const API_GROUP = 'voucher-operator.io';
export const API_VERSION = `${API_GROUP}/v1alpha1`;

export const FIELD_MANAGER = 'voucher-operator';
export const INIT_FIELD_MANAGER = 'voucher-operator-init';
/** Owns one annotation of a Deployment (ASKED_AGAIN), and nothing else. */
export const ASK_AGAIN_FIELD_MANAGER = 'voucher-operator-ask-again';

/** Placeholder pods that keep room free on nodes. No tier: they serve nothing. */
export const HEADROOM = 'headroom';
/** Value of the label `component`. */
export type Component = Workload | typeof HEADROOM;

export const LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
  managedBy: 'app.kubernetes.io/managed-by',
  campaign: `${API_GROUP}/campaign`,
  campaignId: `${API_GROUP}/campaign-id`,
} as const;

/** Secret that a workload's pods mount: addresses of journal and database, and its own accounts there. */
export const dataPlaneSecretName = (secretName: string, workload: Workload): string => `${secretName}-${workload}`;
/** All objects of one tier or Job share this name. */
export const tierName = (campaignName: string, workload: Workload): string => `${campaignName}-${workload}`;
/** A run of a Job that has several: `chengdu-draw-c1`. At most 13 characters follow the campaign's name, as in `-verification`. */
export const jobName = (campaignName: string, workload: Workload, run: string | undefined): string =>
  `${campaignName}-${runKey(workload, run)}`;
/** Of a run, within its campaign: `draw`, `draw-c1`. */
export const runKey = (workload: Workload, run: string | undefined): string =>
  run === undefined ? workload : `${workload}-${run}`;
/** The same from an object's name. */
export const runKeyOf = (campaignName: string, name: string): string => name.slice(campaignName.length + 1);
/** The Deployment of placeholder pods. */
export const headroomName = (campaignName: string): string => `${campaignName}-${HEADROOM}`;
/** The Service of a tier that citizens reach. */
export const serviceName = tierName;
/** From anywhere in the cluster. */
export const serviceUrl = (campaignName: string, tier: Tier, namespace: string): string =>
  `http://${serviceName(campaignName, tier)}.${namespace}.svc`;
export const intakeServiceName = (campaignName: string): string => serviceName(campaignName, 'intake');
export const intakeServiceUrl = (campaignName: string, namespace: string): string =>
  serviceUrl(campaignName, 'intake', namespace);
/** The ConfigMap with the bootstrap configuration; it never changes, so it never restarts pods. */
export const appConfigMapName = (campaignName: string): string => `${campaignName}-app`;
/** The ConfigMap with the last decisions on every tier, for `kubectl voucher why`. */
export const decisionsName = (campaignName: string): string => `${campaignName}-decisions`;
/** The ConfigMap with the certificate that the campaign's personal data is destroyed. */
export const certificateName = (campaignName: string): string => `${campaignName}-deletion-certificate`;

/**
 * The ScalePlan for these ceilings in this period, e.g. `chengdu-i60-r10-1p0k4`. Equal needs within one period have equal
 * names, so that a cache that is out of date or a second leader can't ask twice.
 *
 * @param settled plans of the campaign that can't be decided any more; their names are taken
 */
export const scalePlanName = (
  campaignName: string,
  ceilings: Readonly<Partial<Record<Tier, number>>>,
  period: number,
  settled: number,
): string =>
  [
    campaignName,
    ...TIERS.flatMap((tier) => (ceilings[tier] === undefined ? [] : [`${entryOf(tier).letter}${ceilings[tier]}`])),
    period.toString(36),
    ...(settled === 0 ? [] : [String(settled)]),
  ].join('-');

/** JetStream stream of one shard, e.g. `REG_chengdu-2020-3_0`. */
export const shardStreamName = (campaignId: string, shard: number): string => `REG_${campaignId}_${shard}`;
/** Subjects of one shard stream: `reg.<campaignId>.<shard>.>`. */
export const shardSubjects = (campaignId: string, shard: number): string => `reg.${campaignId}.${shard}.>`;
/** Subject of one event: `reg.<campaignId>.<shard>.<type>.<receipt>`, so that one receipt can be looked up in a shard. */
export const eventSubject = (campaignId: string, shard: number, type: string, receipt: string): string =>
  `reg.${campaignId}.${shard}.${type}.${receipt}`;
/**
 * Subject of a registration that a hedge or an outage has put into another shard than its citizen's. Intakes follow these
 * subjects, with `*` for the receipt, so that a repeat finds the registration although it goes to the citizen's own shard.
 */
export const astraySubject = (campaignId: string, shard: number, receipt: string): string =>
  eventSubject(campaignId, shard, 'astray', receipt);
/** Subject of an `issuing` event, whose channel is in it: each channel has a consumer of its own. `*` for any receipt, or channel. */
export const issuingSubject = (campaignId: string, shard: number, receipt: string, channel: Channel | '*'): string =>
  `${eventSubject(campaignId, shard, 'issuing', receipt)}.${channel}`;
/** Subject under which an event is published in a shard that is its citizen's. */
export const subjectOf = (
  { campaignId, type, receipt, data }: Pick<EventEnvelope, 'campaignId' | 'type' | 'receipt' | 'data'>,
  shard: number,
): string =>
  type === 'issuing'
    ? `${eventSubject(campaignId, shard, type, receipt)}.${String(data['channel'])}`
    : eventSubject(campaignId, shard, type, receipt);
/** Type in a subject of a shard, which the publisher's permissions cover. Subjects of early builds have no receipt. */
export const typeOfSubject = (subject: string): string | undefined => {
  const [, , , type] = subject.split('.');
  return type === 'astray' ? 'received' : type;
};
/** Every subject of a type's events, with `*` for the receipt. */
export const subjectsOf = (campaignId: string, shard: number, type: string): readonly string[] => [
  type === 'issuing' ? issuingSubject(campaignId, shard, '*', '*') : eventSubject(campaignId, shard, type, '*'),
  ...(type === 'received' ? [astraySubject(campaignId, shard, '*')] : []),
];
/** The unsharded stream for freeze, plans and decisions. */
export const controlStreamName = (campaignId: string): string => `CTL_${campaignId}`;
export const controlSubjects = (campaignId: string): string => `ctl.${campaignId}.>`;
export const controlSubject = (campaignId: string, type: string): string => `ctl.${campaignId}.${type}`;
/** The audit trails of all campaigns of the installation, one subject each; they outlive campaigns, plans and journals. */
export const AUDIT_STREAM = 'VOUCHER_AUDIT';
const AUDIT_PREFIX = 'audit';
export const AUDIT_SUBJECTS = `${AUDIT_PREFIX}.*`;
export const auditSubject = (campaignId: string): string => `${AUDIT_PREFIX}.${campaignId}`;
export const auditedCampaignId = (subject: string): string => subject.slice(AUDIT_PREFIX.length + 1);
/** Where the operators of a release serve the trails: Service, name of its only port, and path of one trail. */
export const auditServiceName = (release: string): string => `${release}-audit`;
export const AUDIT_PORT_NAME = 'audit';
export const auditPath = (campaignId: string): string => `/audit/${campaignId}`;
export const reviewsPath = (campaignId: string): string => `${auditPath(campaignId)}/reviews`;
/** Durable pull consumer of a tier on every shard stream. */
export const consumerName = (tier: Tier, lane?: Channel): string => (lane === undefined ? tier : `${tier}-${lane}`);
/** Key-value bucket with the live settings, key `settings`. */
export const liveBucketName = (campaignId: string): string => `live_${campaignId}`;
export const LIVE_SETTINGS_KEY = 'settings';
/**
 * Key-value bucket with wrapped data keys, outside the journal, so that they can be destroyed. `2020-09-25-3f9c…` holds the key
 * with this digest; `2020-09-25` the key that pods seal with on that day.
 */
export const dataKeyBucketName = (campaignId: string): string => `keys_${campaignId}`;
/**
 * The only entry of that bucket once all keys are destroyed. The bucket's stream then takes no other subject, so that the server
 * refuses a pod that still holds a key and would write it back.
 */
export const KEYS_DESTROYED = 'destroyed';

/** Annotations on a campaign by which people override the scaling for a limited time (operator/contingency/overrides.ts). */
export const OVERRIDES = {
  paused: `${API_GROUP}/paused`,
  holdUntil: `${API_GROUP}/hold-until`,
  minOverride: `${API_GROUP}/min-override`,
} as const;

/** Annotation on a Deployment of ours: when its controllers were last asked to retry at once, despite their backoff. */
export const ASKED_AGAIN = `${API_GROUP}/asked-again`;

/** Annotations on a campaign by which people start and stop contingency levels (operator/contingency/commands.ts). */
export const CONTINGENCY_PREFIX = `contingency.${API_GROUP}/`;
export const contingencyAnnotation = (level: string): string => `${CONTINGENCY_PREFIX}${level}`;

/** Annotation on a campaign by which an owner authorises the draw's commitment (operator/draw/commands.ts). */
export const DRAW_COMMIT = `draw.${API_GROUP}/commit`;
/** Annotations on a campaign by which two people enter a public value: `<name>.1` and `<name>.2`. */
export const DRAW_SOURCE_PREFIX = `draw-source.${API_GROUP}/`;
export const drawSourceAnnotation = (name: string, place: 1 | 2): string => `${DRAW_SOURCE_PREFIX}${name}.${place}`;
/** Annotation on a campaign by which an owner starts issuance (operator/issuance/commands.ts). */
export const ISSUE_START = `issue.${API_GROUP}/start`;
/** Annotations on a campaign by which people stop a channel: `<channel>`. */
export const CHANNEL_STOP_PREFIX = `channel-stop.${API_GROUP}/`;
export const channelStopAnnotation = (channel: Channel): string => `${CHANNEL_STOP_PREFIX}${channel}`;
/** Annotations on a campaign by which an owner has the next of the waitlist move up: `<receipt that falls>`, or `<its entry>`. */
export const PROMOTE_PREFIX = `promote.${API_GROUP}/`;
/** Digits of an entry in that name, which has 63 characters at most: enough to name one of any number of entries. */
export const PROMOTED_DIGITS = 40;
/** @param falls a receipt number, or an entry in hex */
export const promoteAnnotation = (falls: string): string => `${PROMOTE_PREFIX}${falls.slice(0, PROMOTED_DIGITS)}`;
/** Annotations on a campaign by which a person has the personal data of a receipt erased (operator/erasure/erase-commands.ts). */
export const ERASE_PREFIX = `erase.${API_GROUP}/`;
export const eraseAnnotation = (receipt: string): string => `${ERASE_PREFIX}${receipt}`;
/** Annotation on a campaign by which an owner has all its personal data destroyed (operator/destruction/destroy-command.ts). */
export const DESTROY_ANNOTATION = `${API_GROUP}/destroy-personal-data`;

/** The Lease in a namespace with campaigns that says which installation acts on them (operator/leadership/claims.ts). */
export const CLAIM_LEASE = 'voucher-operator-campaigns';
/** Annotation of the election's Lease: a JSON object of the namespaces that are watched but not served, and why. */
export const NOT_SERVED = `${API_GROUP}/not-served`;

/** In that annotation and in the metric, in place of a namespace: all namespaces. */
export const EVERYWHERE = '*';

/** Delays the deletion of a campaign with `deletionPolicy: Delete` until its journal is removed. */
export const JOURNAL_FINALIZER = `${API_GROUP}/journal`;

/** Metadata keys on streams that name their owner. */
export const STREAM_OWNER_METADATA = {
  campaignId: `${API_GROUP}/campaign-id`,
  namespace: `${API_GROUP}/namespace`,
  name: `${API_GROUP}/name`,
  uid: `${API_GROUP}/uid`,
} as const;

/** Metadata key on the control stream: lost streams of the campaign, and when that was seen (journal/streams/lost-streams.ts). */
export const STREAM_LOSSES_METADATA = `${API_GROUP}/lost-streams`;
/** Annotation on a campaign by which a person accepts such losses: as the condition names them, separated by commas. */
export const ACCEPTED_LOSS = `${API_GROUP}/accepted-loss`;

/** Metadata key on the control stream: every data key that the campaign ever had, by name. */
export const STREAM_KEYS_METADATA = `${API_GROUP}/data-keys`;
/** Metadata key on the control stream: when the destruction of all data keys began. A bucket that is lost is then created closed. */
export const STREAM_KEYS_DESTROYED_METADATA = `${API_GROUP}/data-keys-destroyed`;

/** Metrics of the operator: its own work, its campaigns, and why each tier has its replicas. Labels are bounded. Pure. */
import { named } from './metric.ts';

const OPERATOR = ['operator'] as const;
const CAMPAIGN = ['namespace', 'name'] as const;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1, 2, 3, 5];

const own = <T extends 'counter' | 'gauge', const L extends readonly string[]>(type: T, labels: L, help: string) =>
  ({ type, labels, help, exposedBy: OPERATOR }) as const;
const timed = <const L extends readonly string[]>(labels: L, help: string, buckets: readonly number[] = SECONDS) =>
  ({ type: 'histogram', labels, help, exposedBy: OPERATOR, buckets }) as const;

export const OPERATING = named({
  voucher_operator_leading: own('gauge', [], '1 in the process that acts, 0 in those that wait.'),
  voucher_operator_queue_campaigns: own('gauge', [], 'Campaigns of this process.'),
  voucher_operator_running_ticks: own('gauge', [], 'Ticks under way.'),
  voucher_operator_ticks_total: own(
    'counter',
    ['reason'],
    'Ticks, by their cause: what changed, the time (due), a failure before (retry).',
  ),
  voucher_operator_tick_seconds: timed([], 'Wall time of one reconcile of one campaign.'),
  voucher_operator_tick_delay_seconds: timed([], 'How long after its time a tick began.'),
  voucher_operator_reconcile_errors_total: own('counter', ['kind'], 'Failed steps of reconciles by kind.'),
  voucher_operator_scale_writes_total: own('counter', ['result'], 'Writes of the scale subresource by result.'),
  voucher_operator_api_requests_total: own(
    'counter',
    ['verb', 'resource', 'code'],
    'Attempted calls of the Kubernetes API.',
  ),
  voucher_operator_api_request_seconds: timed(
    ['verb'],
    'Time of an attempted call until its answer was read; of a watch, until it was opened.',
    [...SECONDS, 10, 30],
  ),
  voucher_operator_watch_quiet_seconds: own(
    'gauge',
    ['resource'],
    'Since the API server last sent something about a resource. More than 60 means that the operator sees no changes of it.',
  ),
  voucher_operator_watch_lists_total: own(
    'counter',
    ['resource'],
    'Whole lists read, at the start, after a version that was too old, and every ten minutes.',
  ),
  voucher_operator_watch_failures_total: own(
    'counter',
    ['resource'],
    'Watches and lists that broke and were started again.',
  ),
  voucher_operator_events_dropped_total: own(
    'counter',
    ['reason'],
    'Kubernetes events that were not written, by reason.',
  ),
  voucher_operator_namespaces_not_served: own(
    'gauge',
    ['namespace', 'reason'],
    '1 for a watched namespace that can not be listed (refused), that another installation serves (another), whose claim can not be read (unknown), or that is served without a claim (unclaimed). Namespace * is all of them.',
  ),
});

const ofCampaign = (help: string) => own('gauge', CAMPAIGN, help);

/** Only of the process that leads; gone with the campaign. */
export const CAMPAIGNS = named({
  voucher_campaign_info: own('gauge', [...CAMPAIGN, 'campaign_id', 'mode', 'stage'], '1 for each campaign.'),
  voucher_campaign_condition: own(
    'gauge',
    [...CAMPAIGN, 'type', 'status', 'reason'],
    '1 for each condition of a campaign, with its present status and reason: one series for each type.',
  ),
  voucher_campaign_opens_timestamp_seconds: ofCampaign('When registration opens, in Unix seconds.'),
  voucher_campaign_closes_timestamp_seconds: ofCampaign(
    'When registration closes, in Unix seconds; as a contingency level has extended it.',
  ),
  voucher_campaign_freeze_due_timestamp_seconds: ofCampaign(
    'When the list of the draw is due, in Unix seconds: the closing, or spec.draw.verifyBy where that is later.',
  ),
  voucher_campaign_draw_due_timestamp_seconds: ofCampaign(
    'Before this time no source of the draw has its value, in Unix seconds. Absent until the commitment is published.',
  ),
  voucher_campaign_deletion_due_timestamp_seconds: ofCampaign(
    'When all personal data is due to be destroyed, in Unix seconds.',
  ),
  voucher_campaign_signal_age_seconds: own(
    'gauge',
    [...CAMPAIGN, 'signal'],
    'Age of a metric at the last tick: arrivals, or backlog. Absent while it is missing.',
  ),
  voucher_campaign_attempts_per_second: ofCampaign(
    'Attempted registrations per second, over three seconds. Absent while they are unknown.',
  ),
  voucher_campaign_shed_ratio: ofCampaign(
    'Share of the attempted registrations that is shed, from 0 to 1. Absent while it is unknown.',
  ),
  voucher_campaign_admission_per_second: ofCampaign(
    'Registrations per second that intake admits, all pods together. Absent until it is published.',
  ),
  voucher_campaign_waiting_citizens: ofCampaign(
    'Citizens with a ticket of the waiting room whose turn has not come, in round numbers. Absent without a waiting room.',
  ),
  voucher_campaign_waiting_seconds: ofCampaign(
    'Time until the turn of the last citizen in the waiting room, in round numbers. Absent while no one waits, or no one is served.',
  ),
  voucher_campaign_received_registrations: ofCampaign(
    'Persons whose registration is in the database. Absent until they are counted.',
  ),
});

const ofTier = (help: string) => own('gauge', [...CAMPAIGN, 'tier'], help);

/** The terms of the last decision, in the order in which it is made. Absent: unknown, or nothing is decided (mode Off). */
export const TIER_TERMS = named({
  voucher_tier_arrivals_per_second: ofTier('First attempts per second over three seconds, as the decision used them.'),
  voucher_tier_expected_arrivals_per_second: ofTier(
    'First attempts per second that are expected, their rise included.',
  ),
  voucher_tier_backlog_messages: ofTier('Messages in the journal that the tier has not processed.'),
  voucher_tier_backlog_oldest_seconds: ofTier('Age of the oldest message that the tier has not processed.'),
  voucher_tier_served_per_second: ofTier('Messages that the tier processes per second.'),
  voucher_tier_excess_citizens: ofTier('Citizens who wait: messages beyond those in flight, and citizens due back.'),
  voucher_tier_excess_ahead_citizens: ofTier('Citizens who will wait when a pod that is created now is Ready.'),
  voucher_tier_replica_capacity_per_second: ofTier('Learned capacity of a replica, per second.'),
  voucher_tier_start_seconds: ofTier('Time from the creation of a pod until it is Ready, as the decision assumes it.'),
  voucher_tier_feed_forward_replicas: ofTier('Replicas for the expected arrivals.'),
  voucher_tier_drain_replicas: ofTier('Replicas for the citizens who wait.'),
  voucher_tier_forecast_floor_replicas: ofTier('Replicas that the forecast needs now; 0 outside its time.'),
  voucher_tier_min_replicas: ofTier('Minimum in force: of the spec, or of an override.'),
  voucher_tier_base_replicas: ofTier(
    'Replicas for arrivals and citizens who wait, at least the forecast and the minimum.',
  ),
  voucher_tier_lateness_replicas: ofTier('Replicas on top of the base, so that fewer citizens wait longer than 5 s.'),
  voucher_tier_wanted_replicas: ofTier(
    'Replicas that demand needs, before max and ceiling: base and lateness together.',
  ),
  voucher_tier_hold_replicas: ofTier('Replicas beyond those that are wanted, because a rule keeps them.'),
  voucher_tier_max_replicas: ofTier('Maximum in force: of the spec, or what the rate of outside systems needs.'),
  voucher_tier_ceiling_replicas: ofTier('Authorised ceiling in force.'),
  voucher_tier_desired_replicas: ofTier('Replicas that the last tick decided on.'),
  voucher_tier_written_replicas: ofTier('Desired replicas and the replacements for pods on lost nodes.'),
  voucher_tier_current_replicas: ofTier('Replicas of the Deployment that the last tick observed.'),
  voucher_tier_ready_replicas: ofTier('Ready replicas that the last tick observed.'),
  voucher_tier_admission_per_second: ofTier(
    'Admission while a downstream system of the tier is the bottleneck. Absent while none is.',
  ),
  voucher_tier_decision_info: own(
    'gauge',
    [...CAMPAIGN, 'tier', 'limited_by'],
    '1 for each tier, with what decided the number, as in status.tiers.*.limitedBy.',
  ),
});

/** Symptoms while citizens register: failing, slow or unsafe registrations, and what delays them. Pure. */
import { type Alerts, CAMPAIGN, condition, ofCampaign, ofTier, whileOpen } from '../rule.ts';

/** A campaign with few attempts pages for ten citizens, not for one. */
const TEN_IN_5M =
  'sum by (namespace, name, tier) (increase(voucher_intake_arrivals_total{outcome=~"failed|turned_away"}[5m])) >= 10';
const TEN_IN_1H = TEN_IN_5M.replace('[5m]', '[1h]');

const BACKLOG = ofTier('voucher_tier_backlog_messages');
/** Arrivals continue at the pace of the last ten minutes. */
const BACKLOG_AT_FREEZE = [
  `${BACKLOG} + max by (namespace, name, tier) (deriv(voucher_tier_backlog_messages[10m]))`,
  `* on (namespace, name) group_left () clamp_min(${ofCampaign('voucher_campaign_freeze_due_timestamp_seconds')} - time(), 0)`,
].join(' ');

export const REGISTRATION_ALERTS: Alerts = {
  VoucherRegistrationsFail: {
    severity: 'critical',
    expr: [
      `(tier:voucher_error_budget:spent_ratio5m > 0.02 and tier:voucher_error_budget:spent_ratio1m * 5 > 0.02 and ${TEN_IN_5M})`,
      `or (tier:voucher_error_budget:spent_ratio1h > 0.1 and tier:voucher_error_budget:spent_ratio5m * 12 > 0.1 and ${TEN_IN_1H})`,
    ].join(' '),
    summary: `Registrations fail: ${CAMPAIGN} ({{ $labels.tier }})`,
    description:
      'Citizens get an error, or cannot connect. 2 % of the error budget of the whole registration window was spent in 5 minutes, or 10 % in one hour.',
  },
  VoucherNotAccepting: {
    severity: 'critical',
    expr: condition('AcceptingRegistrations', {
      status: 'False|Unknown',
      not: 'NotOpen|Closed|LevelAdmitsNone|NotYetObserved',
    }),
    for: '30s',
    summary: `Registrations are not stored: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Intake pods report that a registration that arrives now is not stored.',
  },
  VoucherJournalNotDurable: {
    severity: 'critical',
    expr: condition('JournalDurable', { status: 'False|Unknown', not: 'NotYetObserved' }),
    for: '1m',
    summary: `Registrations are not durable: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'A power cut, or the loss of one more journal server, can lose registrations that were acknowledged.',
  },
  VoucherPreWarmLate: {
    severity: 'critical',
    // An owner may still raise the ceiling days before.
    expr: [
      condition('PreWarmed', { reason: 'WillBeLate|CeilingBelowFloor|CanaryNotConfirmed' }),
      `and on (namespace, name) (${ofCampaign('voucher_campaign_opens_timestamp_seconds')} - time() < 86400)`,
    ].join(' '),
    for: '30s',
    summary: `The campaign will not be ready at its opening: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'The replicas of the forecast are not Ready in time, or the canary does not reach the database.',
  },
  VoucherTierBelowMin: {
    severity: 'critical',
    expr: `${ofTier('voucher_tier_ready_replicas')} < ${ofTier('voucher_tier_min_replicas')}`,
    for: '2m',
    summary: `Too few replicas are Ready: ${CAMPAIGN} ({{ $labels.tier }})`,
    description: '{{ $value }} replicas of the tier are Ready, which is less than the minimum.',
  },
  VoucherCitizensShed: {
    severity: 'warning',
    // With a waiting room they have a ticket: the next alerts.
    expr: whileOpen(
      `${ofCampaign('voucher_campaign_shed_ratio')} > 0.1 unless on (namespace, name) voucher_campaign_waiting_citizens`,
    ),
    for: '5m',
    summary: `Citizens are asked to come again: ${CAMPAIGN}`,
    description: '{{ $value | humanizePercentage }} of the attempted registrations have been shed for 5 minutes.',
  },
  VoucherQueueStopped: {
    severity: 'critical',
    // A level of a person or a trigger may stop it on purpose.
    expr: whileOpen(
      [
        `${ofCampaign('voucher_campaign_waiting_citizens')} > 0 unless on (namespace, name) voucher_campaign_waiting_seconds`,
        `unless on (namespace, name) ${condition('Contingency', { status: 'True' })}`,
      ].join(' '),
    ),
    for: '1m',
    summary: `No one is served in the waiting room: ${CAMPAIGN}`,
    description: 'About {{ $value | humanize }} citizens have a ticket, and no turn comes.',
  },
  VoucherQueueLong: {
    severity: 'warning',
    expr: whileOpen(`${ofCampaign('voucher_campaign_waiting_seconds')} > 1800`),
    for: '5m',
    summary: `Citizens wait long in the waiting room: ${CAMPAIGN}`,
    description: 'The last citizen in the queue waits about {{ $value | humanizeDuration }}.',
  },
  VoucherAnswersSlow: {
    severity: 'warning',
    expr: 'tier:voucher_intake_answer_seconds:p99_5m > 1',
    for: '5m',
    summary: `Answers are slow: ${CAMPAIGN} ({{ $labels.tier }})`,
    description: 'One citizen of a hundred waits {{ $value | humanizeDuration }} or longer for an answer.',
  },
  VoucherRecordsUnavailable: {
    severity: 'warning',
    expr: condition('RecordsAvailable', { status: 'False|Unknown', not: 'NotYetObserved' }),
    for: '2m',
    summary: `Registrations do not reach the database: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'Registration continues, and registrations wait in the journal. Citizens see the state of their registration late.',
  },
  VoucherBacklogTooLarge: {
    severity: 'critical',
    expr: [
      `((${BACKLOG_AT_FREEZE}) > 1000)`,
      `and on (namespace, name) (${ofCampaign('voucher_campaign_freeze_due_timestamp_seconds')} - time() < 21600)`,
      `and on (namespace, name) (${ofCampaign('voucher_campaign_freeze_due_timestamp_seconds')} - time() > -86400)`,
      `and ${BACKLOG} > 1000`,
    ].join(' '),
    for: '5m',
    summary: `The backlog will not be empty when the list of the draw is due: ${CAMPAIGN} ({{ $labels.tier }})`,
    description:
      'At the present pace {{ $value | humanize }} messages will wait then, and the freeze of the list waits for them.',
  },
  VoucherMessagesSetAside: {
    severity: 'warning',
    expr: 'sum by (namespace, name, reason) (increase(voucher_records_rejected_total[15m])) > 0',
    summary: `Messages were set aside: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'Records pods cannot read or store a message. It is kept in the table rejected_message, and does not count.',
  },
};

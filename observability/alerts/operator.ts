/** The operator, and faults that only a person can repair. Pure. */
import { type Alerts, CAMPAIGN, condition } from '../rule.ts';

const FAULTY_SECRET = '.*Credentials.*|.*Certificate.*|SecretMissing';

export const OPERATOR_ALERTS: Alerts = {
  VoucherOperatorNoLeader: {
    severity: 'critical',
    expr: 'absent(voucher_operator_leading) or max by (namespace) (voucher_operator_leading) < 1',
    for: '1m',
    summary: 'No operator process leads{{ with $labels.namespace }} in {{ . }}{{ end }}',
    description: 'Nothing is scaled, and conditions are not updated. Pods keep working with their last settings.',
  },
  VoucherOperatorTicksLate: {
    severity: 'warning',
    expr: [
      'namespace:voucher_operator_tick_delay_seconds:p90_5m > 2',
      'or (max by (namespace) (voucher_operator_queue_campaigns) > 0',
      'and sum by (namespace) (rate(voucher_operator_ticks_total[5m])) == 0)',
    ].join(' '),
    for: '2m',
    summary: 'Ticks of the operator are late in {{ $labels.namespace }}',
    description: 'The operator reacts late, or not at all: it lacks CPU, or the API server is slow.',
  },
  VoucherOperatorErrors: {
    severity: 'warning',
    expr: 'sum by (namespace, kind) (increase(voucher_operator_reconcile_errors_total[10m])) > 10',
    for: '5m',
    summary: 'Steps of the operator fail in {{ $labels.namespace }} ({{ $labels.kind }})',
    description: '{{ $value | humanize }} steps failed in 10 minutes. They are retried.',
  },
  VoucherApiServerQuiet: {
    severity: 'warning',
    expr: 'max by (namespace, resource) (voucher_operator_watch_quiet_seconds) > 120',
    for: '1m',
    summary: 'The operator sees no changes of {{ $labels.resource }} in {{ $labels.namespace }}',
    description: 'The API server has sent nothing about this resource for {{ $value | humanizeDuration }}.',
  },
  VoucherNamespaceNotServed: {
    severity: 'warning',
    expr: 'max by (namespace, reason) (voucher_operator_namespaces_not_served) > 0',
    for: '2m',
    summary: 'The operator does not serve the namespace {{ $labels.namespace }} ({{ $labels.reason }})',
    description: 'Campaigns of this namespace are not scaled by this installation.',
  },
  VoucherCampaignStalled: {
    severity: 'critical',
    expr: condition('Stalled', { status: 'True' }),
    for: '1m',
    summary: `A person must repair the campaign: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Waiting does not help. The condition Stalled says what is wrong.',
  },
  VoucherCampaignUndecided: {
    severity: 'critical',
    expr: condition('Ready', { reason: 'SpecUnreadable|TickFailed' }),
    for: '1m',
    summary: `The operator cannot process the campaign: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Nothing is decided: replicas are kept, and pods go on with their last settings.',
  },
  VoucherSecretFault: {
    severity: 'critical',
    expr: [
      `max by (namespace, name, reason) (voucher_campaign_condition{type=~"Stalled|AcceptingRegistrations|RecordsAvailable", status=~"True|False", reason=~"${FAULTY_SECRET}"})`,
      'or label_replace(max by (namespace, name, tier, state) (voucher_dependency_seconds{state=~"credentials|certificate"}) > 60, "reason", "$1", "state", "(.*)")',
    ].join(' '),
    for: '1m',
    summary: `A Secret, an account or a certificate is wrong: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Journal or database refuse the account of pods, a certificate is not valid, or a Secret is missing.',
  },
  VoucherClocksDisagree: {
    severity: 'warning',
    expr: condition('ClocksAgree', { not: 'NotYetObserved' }),
    for: '1m',
    summary: `Clocks disagree: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'A clock differs by more than two seconds. Opening, closing and freeze follow clocks.',
  },
};

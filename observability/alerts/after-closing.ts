/** After registration: verification, list, draw, vouchers, personal data. Pure. */
import { type Alerts, CAMPAIGN, condition, ofCampaign } from '../rule.ts';

/** How many seconds ago it was due. */
const since = (metric: string): string => `time() - ${ofCampaign(metric)}`;
const overdue = (expr: string, metric: string, seconds: number): string =>
  `(${expr}) and on (namespace, name) (${since(metric)} > ${seconds})`;

export const LATER_ALERTS: Alerts = {
  VoucherRecordsDiffer: {
    severity: 'critical',
    expr: condition('RecordsConsistent', { reason: 'RowsDiffer' }),
    for: '1m',
    summary: `Journal and database differ: ${CAMPAIGN}`,
    description: 'Two comparisons found rows that differ. The list of the draw is not frozen until they agree.',
  },
  VoucherNotCompared: {
    severity: 'warning',
    // Before opening, and once the list is frozen, nothing is to be compared.
    expr: [
      overdue(
        condition('RecordsConsistent', { status: 'False|Unknown', reason: 'NotCompared' }),
        'voucher_campaign_opens_timestamp_seconds',
        0,
      ),
      `unless on (namespace, name) ${condition('ListFrozen', { status: 'True' })}`,
    ].join(' '),
    for: '15m',
    summary: `Journal and database are not compared: ${CAMPAIGN}`,
    description: 'The Job compare does not run, or is behind. The list of the draw cannot be frozen without it.',
  },
  VoucherProviderStopped: {
    severity: 'warning',
    expr: condition('ProvidersReachable', { not: 'NotYetObserved' }),
    for: '5m',
    summary: `A provider of identities does not answer: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Registration continues, and registrations wait for their verification.',
  },
  VoucherEarlierWinnersMissing: {
    severity: 'warning',
    expr: condition('EarlierWinnersExcluded', { reason: 'CampaignNotFound|KeysDestroyed' }),
    for: '5m',
    summary: `The winners of an earlier campaign are not known: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'The list of the draw is not frozen without them, and waiting does not help.',
  },
  VoucherFreezeLate: {
    severity: 'critical',
    expr: overdue(
      condition('ListFrozen', {
        status: 'False|Unknown',
        not: 'NotClosed|WaitingForDeadline|WaitingForVerification|Deferred|NotYetObserved',
      }),
      'voucher_campaign_freeze_due_timestamp_seconds',
      900,
    ),
    summary: `The list of the draw is late: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'The list was due 15 minutes ago, and is not frozen.',
  },
  VoucherDrawLate: {
    severity: 'warning',
    expr: [
      `(${condition('Drawn', { reason: 'ValuesDiffer' })})`,
      `or (${overdue(condition('Drawn', { not: 'NotCommitted|NotYetObserved' }), 'voucher_campaign_draw_due_timestamp_seconds', 1800)})`,
    ].join(' '),
    for: '1m',
    summary: `The draw is late: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'The sources should have their values, and there is no result, or two people entered different values.',
  },
  VoucherChannelUnreachable: {
    severity: 'warning',
    expr: condition('ChannelsReachable', { not: 'NotYetObserved' }),
    for: '5m',
    summary: `A channel does not issue vouchers: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'A channel refuses requests, fails, or has used up its quota. Its requests wait; other channels continue.',
  },
  VoucherChannelStopped: {
    severity: 'critical',
    expr: condition('Issued', { reason: 'ChannelStopped|SettingsDiffer' }),
    for: '1m',
    summary: `A channel is stopped: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'A person has stopped a channel, its stock differs from the campaign, or its number of vouchers differs.',
  },
  VoucherBooksDiffer: {
    severity: 'critical',
    expr: condition('BooksBalanced', { reason: 'FactsDiffer|ChannelDiffers' }),
    summary: `The books are not balanced: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'Winners, facts and vouchers at the channels do not add up. A channel that differs is stopped.',
  },
  VoucherDeletionOverdue: {
    severity: 'critical',
    expr: overdue(
      condition('PersonalDataDestroyed', { status: 'False|Unknown', not: 'NotYetObserved' }),
      'voucher_campaign_deletion_due_timestamp_seconds',
      3600,
    ),
    for: '5m',
    summary: `Personal data is not destroyed: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'The date that citizens were shown passed more than an hour ago.',
  },
};

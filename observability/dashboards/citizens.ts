/** The citizen's way: from a registration to a voucher in an account. Pure. */
import { type Dashboard, latest, of, type Panel, perSecond } from './panel.ts';

const NO_VERIFICATION = 'the campaign has no spec.verification';
const NO_ISSUANCE = 'issuance has not started';
const NO_LOGIN = 'the campaign has no spec.login';

const stages: readonly Panel[] = [
  {
    kind: 'lines',
    title: 'Receipts in the database',
    description: 'received is the earliest of each person, superseded the others. All pods count the same rows.',
    unit: 'short',
    queries: [{ expr: latest('voucher_records_receipts', 'state', 'tier="records"'), legend: '{{state}}' }],
  },
  {
    kind: 'stacked',
    title: 'Events that are recorded',
    description: 'Events committed to the database, by result.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_records_committed_total', 'result'), legend: '{{result}}' }],
  },
  {
    kind: 'lines',
    title: 'Winners, by what they have',
    description: 'Receipts of winners: won, bound, issued, failed, redeemed.',
    unit: 'short',
    queries: [
      {
        expr: `sum by (fact) (${latest('voucher_records_facts', 'fact, voucher, channel', 'tier="records"')})`,
        legend: '{{fact}}',
      },
    ],
    mayBeEmpty: 'there are winners after the draw',
  },
  {
    kind: 'stacked',
    title: 'Messages set aside',
    description: 'Messages that will never be accepted. Each is in the table rejected_message.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_records_rejected_total', 'reason'), legend: '{{reason}}' }],
    mayBeEmpty: 'none was set aside',
  },
];

const verification: readonly Panel[] = [
  {
    kind: 'stacked',
    title: 'Questions to providers',
    description: 'By provider and result. Only match, mismatch and no_record lead to a verdict.',
    unit: 'ops',
    queries: [
      {
        expr: perSecond('voucher_verification_questions_total', 'provider, outcome'),
        legend: '{{provider}} {{outcome}}',
      },
    ],
    mayBeEmpty: NO_VERIFICATION,
  },
  {
    kind: 'stacked',
    title: 'Verdicts',
    description: 'Verdicts that the journal has acknowledged.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_verification_verdicts_total', 'verdict'), legend: '{{verdict}}' }],
    mayBeEmpty: NO_VERIFICATION,
  },
  {
    kind: 'lines',
    title: 'Oldest registration that is being checked',
    description: 'Of those that a pod has in hand. The others wait in the journal: see Backlog of the campaign.',
    unit: 's',
    queries: [{ expr: latest('voucher_verification_oldest_seconds', 'name'), legend: 'age' }],
    mayBeEmpty: NO_VERIFICATION,
  },
  {
    kind: 'stacked',
    title: 'Manual review',
    description: 'Requests of reviewers.',
    unit: 'ops',
    queries: [
      { expr: perSecond('voucher_review_requests_total', 'action, outcome'), legend: '{{action}} {{outcome}}' },
    ],
    mayBeEmpty: NO_VERIFICATION,
  },
];

const issuance: readonly Panel[] = [
  {
    kind: 'stacked',
    title: 'Requests to channels',
    description:
      'By channel, call and result. unknown: the channel is asked again whether the request was carried out.',
    unit: 'ops',
    queries: [
      {
        expr: perSecond('voucher_issuance_requests_total', 'channel, call, result'),
        legend: '{{channel}} {{call}} {{result}}',
      },
    ],
    mayBeEmpty: NO_ISSUANCE,
  },
  {
    kind: 'stacked',
    title: 'Outcomes',
    description: 'Final outcomes that the journal has acknowledged.',
    unit: 'ops',
    queries: [
      { expr: perSecond('voucher_issuance_outcomes_total', 'channel, outcome'), legend: '{{channel}} {{outcome}}' },
    ],
    mayBeEmpty: NO_ISSUANCE,
  },
  {
    kind: 'lines',
    title: 'Vouchers that stocks still have',
    description: 'As the channels say. Too few: enlarge the stock at the channel before it is empty.',
    unit: 'short',
    queries: [
      {
        expr: `${latest('voucher_issuance_stock_total_vouchers', 'channel, voucher')} - ${latest('voucher_issuance_stock_issued_vouchers', 'channel, voucher')}`,
        legend: '{{channel}} {{voucher}}',
      },
    ],
    mayBeEmpty: NO_ISSUANCE,
  },
  {
    kind: 'stacked',
    title: 'Used vouchers',
    description: 'Callbacks of channels that a voucher was used, as pods recorded them.',
    unit: 'ops',
    queries: [
      { expr: perSecond('voucher_issuance_redeemed_total', 'channel, voucher'), legend: '{{channel}} {{voucher}}' },
    ],
    mayBeEmpty: NO_ISSUANCE,
  },
];

const outside: readonly Panel[] = [
  {
    kind: 'table',
    title: 'Outside systems that are not asked now',
    description: 'Pods that do not ask a provider or channel, by reason.',
    unit: 'none',
    queries: [
      { expr: `sum by (target, reason) (${of('voucher_outside_blocked')}) > 0`, legend: '{{target}} {{reason}}' },
    ],
    mayBeEmpty: 'all of them are asked',
  },
  {
    kind: 'stacked',
    title: 'Logins',
    description: 'Answers of the systems to logins, by system.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_login_answers_total', 'system, outcome'), legend: '{{system}} {{outcome}}' }],
    mayBeEmpty: NO_LOGIN,
  },
  {
    kind: 'stacked',
    title: 'Changes',
    description: 'Corrections, withdrawals and accounts. unavailable: the citizen got 5xx and can try again.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_intake_changes_total', 'change, outcome'), legend: '{{change}} {{outcome}}' }],
    mayBeEmpty: 'no citizen has changed anything',
  },
  {
    kind: 'lines',
    title: 'Journal and database',
    description: 'Buckets of rows that differ, at the last complete comparison. 0: they are equal.',
    unit: 'none',
    queries: [{ expr: latest('voucher_compare_differing_buckets', 'name'), legend: 'differing' }],
    mayBeEmpty: 'the comparison has not run',
  },
];

export const CITIZENS_DASHBOARD: Dashboard = {
  uid: 'voucher-citizens-way',
  title: "Voucher campaign: the citizen's way",
  description: 'From a registration to a voucher in an account.',
  of: 'campaign',
  rows: [
    { title: 'Registration', panels: stages },
    { title: 'Verification', panels: verification },
    { title: 'Issuance', panels: issuance },
    { title: 'Outside systems and comparison', panels: outside },
  ],
};

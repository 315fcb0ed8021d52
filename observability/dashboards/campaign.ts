/** A campaign in its flood: what citizens see, first; then why there are so many replicas. Pure. */
import { type Dashboard, latest, of, type Panel, perSecond, quantile } from './panel.ts';

const NO_BOTTLENECK = 'there is one only while a downstream system is the bottleneck';

const numbers: readonly Panel[] = [
  {
    kind: 'now',
    title: 'Attempts',
    description: 'Attempted registrations a second, over three seconds. Absent while they are unknown.',
    unit: 'reqps',
    queries: [{ expr: latest('voucher_campaign_attempts_per_second', 'name'), legend: 'attempts' }],
  },
  {
    kind: 'now',
    title: 'Admission',
    description: 'Registrations a second that intake admits, all pods together.',
    unit: 'reqps',
    queries: [{ expr: latest('voucher_campaign_admission_per_second', 'name'), legend: 'admission' }],
  },
  {
    kind: 'now',
    title: 'Shed',
    description: 'Share of the attempts that is asked to come again. It falls as replicas become Ready.',
    unit: 'percentunit',
    queries: [{ expr: latest('voucher_campaign_shed_ratio', 'name'), legend: 'shed' }],
    mayBeEmpty: 'it is unknown while no citizen arrives',
  },
  {
    kind: 'now',
    title: 'Answer, p99',
    description: 'Ninety-nine of a hundred accepted registrations are answered within this time. The goal is 0.3 s.',
    unit: 's',
    queries: [
      {
        expr: quantile(0.99, 'voucher_intake_answer_seconds', '', 'tier="intake"', 'outcome="accepted"'),
        legend: 'p99',
      },
    ],
  },
  {
    kind: 'now',
    title: 'Registered persons',
    description: 'Persons whose registration is in the database.',
    unit: 'short',
    queries: [{ expr: latest('voucher_campaign_received_registrations', 'name'), legend: 'persons' }],
  },
  {
    kind: 'now',
    title: 'Oldest message',
    description: 'Age of the oldest registration that is not in the database yet. Nothing is lost while it grows.',
    unit: 's',
    queries: [{ expr: latest('voucher_tier_backlog_oldest_seconds', 'name', 'tier="records"'), legend: 'age' }],
    mayBeEmpty: 'there is none while nothing waits',
  },
];

const citizens: readonly Panel[] = [
  {
    kind: 'stacked',
    title: 'Arrivals by outcome',
    description: 'accepted: a receipt. shed: asked to come again. failed and turned_away spend the error budget.',
    unit: 'reqps',
    queries: [
      {
        expr: perSecond('voucher_intake_arrivals_total', 'outcome', 'tier="intake"', 'outcome!="canary"'),
        legend: '{{outcome}}',
      },
    ],
  },
  {
    kind: 'lines',
    title: 'Time to an answer',
    description: 'Of accepted registrations, from the head of the request to the answer.',
    unit: 's',
    queries: [0.5, 0.9, 0.99].map((q) => ({
      expr: quantile(q, 'voucher_intake_answer_seconds', '', 'tier="intake"', 'outcome="accepted"'),
      legend: `p${q * 100}`,
    })),
  },
  {
    kind: 'lines',
    title: 'Citizens who wait',
    description: 'Excess: beyond those in flight. Due back: asked to come again and not yet expected.',
    unit: 'short',
    queries: [
      { expr: latest('voucher_tier_excess_citizens', 'tier', 'tier="intake"'), legend: 'excess' },
      { expr: `sum by (name) (${of('voucher_intake_due_back_citizens', 'tier="intake"')})`, legend: 'due back' },
    ],
  },
  {
    kind: 'lines',
    title: 'Backlog',
    description: 'Messages in the journal that a tier has not processed.',
    unit: 'short',
    queries: [{ expr: latest('voucher_tier_backlog_messages', 'tier'), legend: '{{tier}}' }],
  },
];

const replicas = (tier: 'intake' | 'records'): readonly Panel[] => [
  {
    kind: 'lines',
    title: `Replicas of ${tier}`,
    description:
      'Wanted above the ceiling: an owner is asked by a ScalePlan. Desired above ready: pods start, or nodes are missing.',
    unit: 'none',
    queries: (['wanted', 'desired', 'current', 'ready', 'ceiling', 'max'] as const).map((term) => ({
      expr: latest(`voucher_tier_${term}_replicas`, 'tier', `tier="${tier}"`),
      legend: term,
    })),
  },
  {
    kind: 'lines',
    title: `Why: the terms of ${tier}`,
    description:
      'In the order of the decision. base is the greatest of feed-forward and drain together, forecast, and minimum.',
    unit: 'none',
    queries: (['feed_forward', 'drain', 'forecast_floor', 'min', 'base', 'lateness', 'hold'] as const).map((term) => ({
      expr: latest(`voucher_tier_${term}_replicas`, 'tier', `tier="${tier}"`),
      legend: term.replace('_', ' '),
    })),
  },
];

const behind: readonly Panel[] = [
  {
    kind: 'lines',
    title: 'Capacity of a replica',
    description: 'As the operator has learned it, per second.',
    unit: 'reqps',
    queries: [{ expr: latest('voucher_tier_replica_capacity_per_second', 'tier'), legend: '{{tier}}' }],
  },
  {
    kind: 'lines',
    title: 'Admission of a bottleneck',
    description:
      'Two scale-ups did not raise throughput: a downstream system is the bottleneck, so admission is reduced to this.',
    unit: 'reqps',
    queries: [{ expr: latest('voucher_tier_admission_per_second', 'tier'), legend: '{{tier}}' }],
    mayBeEmpty: NO_BOTTLENECK,
  },
  {
    kind: 'stacked',
    title: 'Messages to the journal',
    description: 'hedge and reroute: a shard was silent, and another one took the message.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_journal_publishes_total', 'kind, outcome'), legend: '{{kind}} {{outcome}}' }],
  },
  {
    kind: 'lines',
    title: 'Commits to the database',
    description: 'Time of a batch until it is committed, with retries.',
    unit: 's',
    queries: [0.5, 0.99].map((q) => ({
      expr: quantile(q, 'voucher_worker_commit_seconds', '', 'tier="records"'),
      legend: `p${q * 100}`,
    })),
  },
  {
    kind: 'stacked',
    title: 'Steps that failed and are retried',
    description: 'Of workers, by step and kind. The page of the alert says what to do.',
    unit: 'ops',
    queries: [
      { expr: perSecond('voucher_worker_failures_total', 'tier, step, kind'), legend: '{{tier}} {{step}} {{kind}}' },
    ],
    mayBeEmpty: 'nothing failed',
  },
  {
    kind: 'stacked',
    title: 'Spans of traces',
    description: 'ended more than exported: the collector is slow or away. Registrations are not affected.',
    unit: 'ops',
    queries: [{ expr: perSecond('voucher_trace_spans_total', 'outcome'), legend: '{{outcome}}' }],
    mayBeEmpty: 'the installation has no collector',
  },
  {
    kind: 'table',
    title: 'Dependencies',
    description: 'Pods that find a dependency in a state, with their own credentials.',
    unit: 'none',
    queries: [
      {
        expr: `count by (tier, dependency, state) (${of('voucher_dependency_seconds')})`,
        legend: '{{tier}} {{dependency}} {{state}}',
      },
    ],
  },
];

export const CAMPAIGN_DASHBOARD: Dashboard = {
  uid: 'voucher-campaign',
  title: 'Voucher campaign in the flood',
  description: 'What citizens see, the replicas, and why there are so many.',
  of: 'campaign',
  rows: [
    { title: 'Now', panels: numbers },
    { title: 'Citizens', panels: citizens },
    { title: 'Replicas, and why', panels: [...replicas('intake'), ...replicas('records')] },
    { title: 'Journal, database and downstream systems', panels: behind },
  ],
};

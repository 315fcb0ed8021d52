/** The operator itself: who leads, whether it keeps up, and what the API server answers. Pure. */
import type { Dashboard, Panel } from './panel.ts';

const rateOf = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`;
const quantileOf = (q: number, metric: string, by = ''): string =>
  `histogram_quantile(${q}, sum by (${[by, 'le'].filter((one) => one !== '').join(', ')}) (rate(${metric}_bucket[$__rate_interval])))`;

const leading: readonly Panel[] = [
  {
    kind: 'now',
    title: 'Leaders',
    description: 'One in each installation. None: nothing is scaled, and pods keep serving.',
    unit: 'none',
    queries: [{ expr: 'sum(voucher_operator_leading)', legend: 'leaders' }],
  },
  {
    kind: 'now',
    title: 'Campaigns',
    description: 'Campaigns of the leaders.',
    unit: 'none',
    queries: [{ expr: 'sum(voucher_operator_queue_campaigns)', legend: 'campaigns' }],
  },
  {
    kind: 'now',
    title: 'Late ticks, p99',
    description: 'How long after its time a tick begins. More than 1 s: the operator does not keep up.',
    unit: 's',
    queries: [{ expr: quantileOf(0.99, 'voucher_operator_tick_delay_seconds'), legend: 'p99' }],
  },
  {
    kind: 'table',
    title: 'Namespaces that are not served',
    description:
      'another: a second installation watches the namespace, and serves it. refused, unknown: its objects or its Lease can not be read.',
    unit: 'none',
    width: 12,
    queries: [
      {
        expr: 'max by (namespace, reason) (voucher_operator_namespaces_not_served)',
        legend: '{{namespace}} {{reason}}',
      },
    ],
    mayBeEmpty: 'every watched namespace is served',
  },
];

const ticks: readonly Panel[] = [
  {
    kind: 'stacked',
    title: 'Ticks by cause',
    description: 'due: the time. retry: a failure before. The others name what changed.',
    unit: 'ops',
    queries: [{ expr: rateOf('voucher_operator_ticks_total', 'reason'), legend: '{{reason}}' }],
  },
  {
    kind: 'lines',
    title: 'Time of a tick',
    description: 'Wall time of one reconcile of one campaign.',
    unit: 's',
    queries: [0.5, 0.9, 0.99].map((q) => ({
      expr: quantileOf(q, 'voucher_operator_tick_seconds'),
      legend: `p${q * 100}`,
    })),
  },
  {
    kind: 'stacked',
    title: 'Failed steps',
    description: 'Of reconciles, by kind. A failed step is reported, and the others go on.',
    unit: 'ops',
    queries: [{ expr: rateOf('voucher_operator_reconcile_errors_total', 'kind'), legend: '{{kind}}' }],
    mayBeEmpty: 'no step failed',
  },
  {
    kind: 'stacked',
    title: 'Writes of replicas',
    description: 'By result. conflict: the Deployment changed meanwhile, and the tick is repeated.',
    unit: 'ops',
    queries: [{ expr: rateOf('voucher_operator_scale_writes_total', 'result'), legend: '{{result}}' }],
    mayBeEmpty: 'nothing was scaled',
  },
];

const api: readonly Panel[] = [
  {
    kind: 'stacked',
    title: 'Calls of the Kubernetes API',
    description: 'By verb and code. 409 is a conflict and repeated; 429 and 5xx: the API server has too much load.',
    unit: 'ops',
    queries: [{ expr: rateOf('voucher_operator_api_requests_total', 'verb, code'), legend: '{{verb}} {{code}}' }],
  },
  {
    kind: 'lines',
    title: 'Time of a call, p99',
    description: 'Until its answer was read; of a watch, until it was opened.',
    unit: 's',
    queries: [{ expr: quantileOf(0.99, 'voucher_operator_api_request_seconds', 'verb'), legend: '{{verb}}' }],
  },
  {
    kind: 'lines',
    title: 'Quiet watches',
    description:
      'Since the API server last sent something. More than 60 s: the operator sees no changes of that resource.',
    unit: 's',
    queries: [{ expr: 'max by (resource) (voucher_operator_watch_quiet_seconds)', legend: '{{resource}}' }],
  },
  {
    kind: 'stacked',
    title: 'Watches that broke, and events that were dropped',
    description: 'Both are repaired by themselves; many of them are a sign of an overloaded API server.',
    unit: 'ops',
    queries: [
      { expr: rateOf('voucher_operator_watch_failures_total', 'resource'), legend: 'watch of {{resource}}' },
      { expr: rateOf('voucher_operator_events_dropped_total', 'reason'), legend: 'event: {{reason}}' },
    ],
    mayBeEmpty: 'none broke, and none was dropped',
  },
];

const process: readonly Panel[] = [
  {
    kind: 'lines',
    title: 'CPU',
    description: 'Cores that each operator uses.',
    unit: 'short',
    queries: [
      {
        expr: 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) voucher_operator_leading)',
        legend: '{{instance}}',
      },
    ],
  },
  {
    kind: 'lines',
    title: 'Delay of the event loop, p99',
    description: 'More than 0.1 s: the process has too much work.',
    unit: 's',
    queries: [
      {
        expr: 'max by (instance) (nodejs_eventloop_lag_p99_seconds and on (instance) voucher_operator_leading)',
        legend: '{{instance}}',
      },
    ],
  },
];

export const OPERATOR_DASHBOARD: Dashboard = {
  uid: 'voucher-operator',
  title: 'Voucher operator',
  description: 'Who leads, whether the operator keeps up, and what the API server answers.',
  of: 'installation',
  rows: [
    { title: 'Now', panels: leading },
    { title: 'Ticks', panels: ticks },
    { title: 'Kubernetes API', panels: api },
    { title: 'Processes', panels: process },
  ],
};

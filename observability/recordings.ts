/** Recording rules: what alerts and dashboards read often. Pure. */
import { ofCampaign, type Recording } from './rule.ts';

/** Of 10,000 attempted registrations one may fail. */
export const ERROR_BUDGET = 0.0001;

const WINDOWS = { '1m': 60, '5m': 300, '1h': 3_600 } as const;
type Window = keyof typeof WINDOWS;

/** Shed is not failed: the citizen was asked to come again. Refused is what the citizen can correct. */
const FAILED = 'outcome=~"failed|turned_away"';

const byOutcome = (window: Window): readonly Recording[] => [
  {
    record: `tier:voucher_intake_arrivals:rate${window}`,
    expr: `sum by (namespace, name, tier, outcome) (rate(voucher_intake_arrivals_total{outcome!="canary"}[${window}]))`,
  },
  {
    record: `tier:voucher_intake_failures:ratio_rate${window}`,
    expr: [
      `sum by (namespace, name, tier) (tier:voucher_intake_arrivals:rate${window}{${FAILED}})`,
      `/ (sum by (namespace, name, tier) (tier:voucher_intake_arrivals:rate${window}) > 0)`,
    ].join(' '),
  },
  {
    // 2 % of the budget of a campaign of two hours in 5 min: a ratio of 0.0001 · 0.02 · 7,200 / 300 = 0.0048 %.
    record: `tier:voucher_error_budget:spent_ratio${window}`,
    expr: [
      `tier:voucher_intake_failures:ratio_rate${window} / ${ERROR_BUDGET} * ${WINDOWS[window]}`,
      `/ on (namespace, name) group_left () campaign:voucher_campaign_window:seconds`,
    ].join(' '),
  },
];

export const RECORDINGS: readonly Recording[] = [
  {
    record: 'campaign:voucher_campaign_window:seconds',
    expr: `${ofCampaign('voucher_campaign_closes_timestamp_seconds')} - ${ofCampaign('voucher_campaign_opens_timestamp_seconds')}`,
  },
  ...(['1m', '5m', '1h'] as const).flatMap(byOutcome),
  {
    record: 'tier:voucher_intake_answer_seconds:p99_5m',
    expr: 'histogram_quantile(0.99, sum by (namespace, name, tier, le) (rate(voucher_intake_answer_seconds_bucket{outcome="accepted"}[5m])))',
  },
  {
    record: 'tier:voucher_worker_commit_seconds:p99_5m',
    expr: 'histogram_quantile(0.99, sum by (namespace, name, tier, le) (rate(voucher_worker_commit_seconds_bucket[5m])))',
  },
  {
    record: 'namespace:voucher_operator_tick_delay_seconds:p90_5m',
    expr: 'histogram_quantile(0.9, sum by (namespace, le) (rate(voucher_operator_tick_delay_seconds_bucket[5m])))',
  },
];

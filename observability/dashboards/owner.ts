/** For the owner: what is authorised, what is used, and what waits for a decision. Pure. */
import { type Dashboard, latest, of, type Panel } from './panel.ts';

const now: readonly Panel[] = [
  {
    kind: 'now',
    title: 'Opens',
    description: 'When registration opens.',
    unit: 'dateTimeFromNow',
    queries: [{ expr: `${latest('voucher_campaign_opens_timestamp_seconds', 'name')} * 1000`, legend: 'opens' }],
  },
  {
    kind: 'now',
    title: 'Closes',
    description: 'When registration closes; as a contingency level has extended it.',
    unit: 'dateTimeFromNow',
    queries: [{ expr: `${latest('voucher_campaign_closes_timestamp_seconds', 'name')} * 1000`, legend: 'closes' }],
  },
  {
    kind: 'now',
    title: 'A plan waits',
    description: '1: a ScalePlan asks for more than is authorised, and waits for your decision: kubectl voucher plans.',
    unit: 'none',
    queries: [
      { expr: latest('voucher_campaign_condition', 'name', 'type="PlanPending"', 'status="True"'), legend: 'waits' },
    ],
    mayBeEmpty: 'no plan waits',
  },
  {
    kind: 'now',
    title: 'Ceiling in use',
    description: 'Share of the authorised replicas of intake that exist.',
    unit: 'percentunit',
    queries: [
      {
        expr: `${latest('voucher_tier_current_replicas', 'tier', 'tier="intake"')} / ${latest('voucher_tier_ceiling_replicas', 'tier', 'tier="intake"')}`,
        legend: 'in use',
      },
    ],
  },
  {
    kind: 'now',
    title: 'Missing replicas',
    description: 'Replicas that demand needs and no one has authorised, all tiers together.',
    unit: 'none',
    queries: [
      {
        expr: `sum(clamp_min(${latest('voucher_tier_wanted_replicas', 'tier')} - ${latest('voucher_tier_ceiling_replicas', 'tier')}, 0))`,
        legend: 'missing',
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
];

const tiers: readonly Panel[] = [
  ...(['wanted', 'ceiling', 'current', 'forecast_floor'] as const).map(
    (term): Panel => ({
      kind: 'lines',
      title: { wanted: 'Needed', ceiling: 'Authorised', current: 'In use', forecast_floor: 'Forecast' }[term],
      description: {
        wanted: 'Replicas that demand needs, before the ceiling.',
        ceiling: 'Ceiling in force: of the spec, of a window, or of a grant.',
        current: 'Replicas that exist.',
        forecast_floor: 'Replicas that the forecast needs now; 0 outside its time.',
      }[term],
      unit: 'none',
      queries: [{ expr: latest(`voucher_tier_${term}_replicas`, 'tier'), legend: '{{tier}}' }],
    }),
  ),
  {
    kind: 'table',
    title: 'What limits each tier',
    description:
      'As in status.tiers.*.limitedBy. Ceiling: an owner can authorise more. Nodes: the cluster has no room.',
    unit: 'none',
    queries: [
      { expr: `max by (tier, limited_by) (${of('voucher_tier_decision_info')})`, legend: '{{tier}} {{limited_by}}' },
    ],
  },
  {
    kind: 'table',
    title: 'Conditions',
    description: 'As in kubectl get vcamp; docs/conditions.md has a remedy for each.',
    unit: 'none',
    queries: [
      {
        expr: `max by (type, status, reason) (${of('voucher_campaign_condition')})`,
        legend: '{{type}} {{status}} {{reason}}',
      },
    ],
  },
];

export const OWNER_DASHBOARD: Dashboard = {
  uid: 'voucher-owner',
  title: 'Voucher campaign: capacity and authorisation',
  description: 'For the owner: what is authorised, what is used, and what waits for a decision.',
  of: 'campaign',
  rows: [
    { title: 'Now', panels: now },
    { title: 'By tier', panels: tiers },
  ],
};

/** Every rule of the product. `npm run generate` writes them to a plain file of rules, which is also the chart's PrometheusRule. Pure. */
import { LATER_ALERTS } from './alerts/after-closing.ts';
import { OPERATOR_ALERTS } from './alerts/operator.ts';
import { REGISTRATION_ALERTS } from './alerts/registration.ts';
import { SCALING_ALERTS } from './alerts/scaling.ts';
import { RECORDINGS } from './recordings.ts';
import type { Alert } from './rule.ts';

/** By group, symptoms first. */
const ALERT_GROUPS = {
  'voucher-registration': REGISTRATION_ALERTS,
  'voucher-scaling': SCALING_ALERTS,
  'voucher-operator': OPERATOR_ALERTS,
  'voucher-after-closing': LATER_ALERTS,
} as const;

/** By name. */
export const ALERTS: Readonly<Record<string, Alert>> = Object.assign({}, ...Object.values(ALERT_GROUPS));

/** The repository has no address of its own: an installation puts its own before it (docs/monitoring.md). */
export const runbookOf = (alert: string): string => `docs/runbooks/${alert}.md`;

/** The content of a file of rules, and the `spec` of a PrometheusRule. */
export const ruleGroups = () => ({
  groups: [
    { name: 'voucher-recordings', interval: '15s', rules: RECORDINGS.map(({ record, expr }) => ({ record, expr })) },
    ...Object.entries(ALERT_GROUPS).map(([name, alerts]) => ({
      name,
      interval: '15s',
      rules: Object.entries(alerts).map(([alert, { severity, expr, for: lasting, summary, description }]) => ({
        alert,
        expr,
        ...(lasting === undefined ? {} : { for: lasting }),
        labels: { severity },
        annotations: { summary, description, runbook_url: runbookOf(alert) },
      })),
    })),
  ],
});

/** Rules of Prometheus as data. Pure. */
import type { ConditionType } from '../contract/conditions.ts';

/** `level:metric:operation`. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/**
 * critical: citizens, registrations, vouchers or personal data are affected, or soon will be; wake a person. warning: a person should look
 * today. info: something that others should know.
 */
export type Severity = 'critical' | 'warning' | 'info';

/** Its name is that of its page in docs/runbooks. */
export interface Alert {
  readonly severity: Severity;
  readonly expr: string;
  /** How long it must be true, as Prometheus writes it. Absent: not at all. */
  readonly for?: string;
  /** One line; `{{ $labels.name }}` is the campaign. */
  readonly summary: string;
  readonly description: string;
}
export type Alerts = Readonly<Record<string, Alert>>;

interface Which {
  readonly status?: string;
  readonly reason?: string;
  readonly not?: string;
}

/**
 * Campaigns whose condition has that status, by default False; `reason` and `not` are regular expressions. A leader that changes does not
 * end the alert, because the pod is not among the labels.
 */
export const condition = (type: ConditionType, { status = 'False', reason, not }: Which = {}): string => {
  const matchers = [
    `type="${type}"`,
    `status=~"${status}"`,
    ...(reason === undefined ? [] : [`reason=~"${reason}"`]),
    ...(not === undefined ? [] : [`reason!~"${not}"`]),
  ];
  return `max by (namespace, name, reason) (voucher_campaign_condition{${matchers.join(', ')}})`;
};

/** The value for each campaign, whichever process leads. */
export const ofCampaign = (metric: string): string => `max by (namespace, name) (${metric})`;
export const ofTier = (metric: string): string => `max by (namespace, name, tier) (${metric})`;

/** Only while registration is open. */
export const whileOpen = (expr: string): string =>
  `(${expr}) and on (namespace, name) (${condition('Open', { status: 'True' })} == 1)`;

/** `spring-2027 in vouchers`. */
export const CAMPAIGN = '{{ $labels.name }} in {{ $labels.namespace }}';

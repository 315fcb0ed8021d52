/** Metrics of the login tier besides its arrivals. None has a label with anything of a person. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter } from '../../runtime/metrics.ts';
import type { LoginAnswer } from './ports.ts';

export interface LoginMetrics {
  /** `state`: the callback was not begun in that browser. */
  login(system: string, outcome: LoginAnswer['kind'] | 'state'): void;
}

export const createLoginMetrics = (registry: Registry): LoginMetrics => {
  const logins = counter(registry, metric('voucher_login_answers_total'));
  return { login: (system, outcome) => logins.inc({ system, outcome }) };
};

/** Metrics of the login tier besides its arrivals. None has a label with anything of a person. */
import { Counter, type Registry } from 'prom-client';
import type { LoginAnswer } from './ports.ts';

export interface LoginMetrics {
  /** `state`: the callback was not begun in that browser. */
  login(system: string, outcome: LoginAnswer['kind'] | 'state'): void;
}

export const createLoginMetrics = (registry: Registry): LoginMetrics => {
  const logins = new Counter({
    name: 'voucher_login_answers_total',
    help: 'Answers of the systems to logins, by system. state: the callback was not begun in that browser, or is too old.',
    labelNames: ['system', 'outcome'],
    registers: [registry],
  });
  return { login: (system, outcome) => logins.inc({ system, outcome }) };
};

/** Metrics of the intake. */
import { Counter, type Registry } from 'prom-client';
import { type ArrivalMetrics, type ArrivalSources, createArrivalMetrics } from '../http/arrival-metrics.ts';
import type { LimitedBy } from '../limits/limits.ts';
import type { AssertionUse } from './assertions.ts';

export interface IntakeMetrics extends ArrivalMetrics {
  /** A correction, change of channel, withdrawal or binding of an account; these are no arrivals. */
  changed(change: 'change' | 'withdrawal' | 'account', outcome: 'done' | 'refused' | 'unavailable'): void;
  /** A registration was above a limit of its client. */
  limited(by: LimitedBy): void;
  /** An assertion of the login tier was used, or refused. */
  asserted(use: AssertionUse): void;
}

export const createIntakeMetrics = (registry: Registry, sources: ArrivalSources): IntakeMetrics => {
  const registers = [registry];
  const changes = new Counter({
    name: 'voucher_intake_changes_total',
    help: 'Changes that citizens asked for. done: stored, or stored before. refused: 4xx. unavailable: 5xx.',
    labelNames: ['change', 'outcome'],
    registers,
  });
  const assertions = new Counter({
    name: 'voucher_intake_assertions_total',
    help: 'Assertions of the login tier in requests of citizens, by kind. used: accepted. Everything else: why it was refused.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const limited = new Counter({
    name: 'voucher_intake_limited_total',
    help: 'Registrations above a limit of one citizen, phone or device in this pod.',
    labelNames: ['limit'],
    registers,
  });
  return {
    ...createArrivalMetrics(registry, sources),
    changed: (change, outcome) => changes.inc({ change, outcome }),
    limited: (by) => limited.inc({ limit: by }),
    asserted: ({ kind, outcome }) => assertions.inc({ kind, outcome }),
  };
};

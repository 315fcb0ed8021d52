/** Metrics of the intake. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter } from '../../runtime/metrics.ts';
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
  const changes = counter(registry, metric('voucher_intake_changes_total'));
  const assertions = counter(registry, metric('voucher_intake_assertions_total'));
  const limited = counter(registry, metric('voucher_intake_limited_total'));
  return {
    ...createArrivalMetrics(registry, sources),
    changed: (change, outcome) => changes.inc({ change, outcome }),
    limited: (by) => limited.inc({ limit: by }),
    asserted: ({ kind, outcome }) => assertions.inc({ kind, outcome }),
  };
};

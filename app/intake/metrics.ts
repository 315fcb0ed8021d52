/** Metrics of the intake; the operator depends on their names. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { ARRIVAL_OUTCOMES, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';
import { sampledGauge } from '../sampled-gauge.ts';

export interface IntakeMetrics {
  answered(outcome: ArrivalOutcome, seconds: number): void;
}

export interface IntakeSources {
  readonly now: () => number;
  readonly inFlight: () => number;
  /** Connections that were turned away below HTTP; only grows. */
  readonly turnedAway: () => number;
}

export const createIntakeMetrics = (registry: Registry, sources: IntakeSources): IntakeMetrics => {
  const { now, inFlight, turnedAway } = sources;
  const registers = [registry];
  let counted = 0;
  const arrivals = new Counter({
    name: METRICS.intakeArrivals,
    help: 'Registration POSTs by outcome; all outcomes together are the attempted arrivals, without canaries.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const total = turnedAway();
      this.inc({ outcome: 'turned_away' }, total - counted);
      counted = total;
    },
  });
  const seconds = new Histogram({
    name: METRICS.intakeAnswerSeconds,
    help: 'Seconds from the arrival of the head to the answer.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5],
    registers,
  });
  const inFlightHelp = 'Registrations between their last byte and the answer.';
  sampledGauge(registry, { name: METRICS.intakeInFlight, help: inFlightHelp }, () => [[{}, inFlight()]]);
  const timeHelp = 'Unix time of this process at the scrape.';
  sampledGauge(registry, { name: METRICS.scrapeTime, help: timeHelp }, () => [[{}, now() / 1000]]);
  // From zero, because a missing series proves nothing to the operator.
  for (const outcome of ARRIVAL_OUTCOMES) arrivals.inc({ outcome }, 0);
  return {
    answered(outcome, took) {
      arrivals.inc({ outcome });
      seconds.observe({ outcome }, took);
    },
  };
};

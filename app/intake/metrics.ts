/** What the intake tells of itself; names are the operator's contract. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ARRIVAL_OUTCOMES, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';

export interface IntakeMetrics {
  answered(outcome: ArrivalOutcome, seconds: number): void;
}

export interface IntakeSources {
  readonly now: () => number;
  readonly inFlight: () => number;
  /** Connections that were sent away below HTTP; only grows. */
  readonly turnedAway: () => number;
}

export const createIntakeMetrics = (registry: Registry, sources: IntakeSources): IntakeMetrics => {
  const { now, inFlight, turnedAway } = sources;
  const registers = [registry];
  let told = 0;
  const arrivals = new Counter({
    name: METRICS.intakeArrivals,
    help: 'Registration POSTs by outcome; all outcomes together are the attempted arrivals, canaries left out.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const total = turnedAway();
      this.inc({ outcome: 'turned_away' }, total - told);
      told = total;
    },
  });
  const seconds = new Histogram({
    name: METRICS.intakeAnswerSeconds,
    help: 'From the arrival of the head to the answer.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5],
    registers,
  });
  new Gauge({
    name: METRICS.intakeInFlight,
    help: 'Registrations between their last byte and the answer.',
    registers,
    collect() {
      this.set(inFlight());
    },
  });
  new Gauge({
    name: METRICS.scrapeTime,
    help: 'Unix time by this process when the page was made.',
    registers,
    collect() {
      this.set(now() / 1000);
    },
  });
  // From zero: a page without the series proves nothing to the operator.
  for (const outcome of ARRIVAL_OUTCOMES) arrivals.inc({ outcome }, 0);
  return {
    answered(outcome, took) {
      arrivals.inc({ outcome });
      seconds.observe({ outcome }, took);
    },
  };
};

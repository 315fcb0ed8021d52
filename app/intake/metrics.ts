/** What the intake tells of itself; names are the operator's contract. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ARRIVAL_OUTCOMES, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';
import { RecentArrivals } from './recent-arrivals.ts';

export interface IntakeMetrics {
  /** A registration POST, when its head is there; canaries never. */
  arrived(): void;
  answered(outcome: ArrivalOutcome, seconds: number): void;
  /** One of them was asked to come again after so many seconds. */
  askedAgain(retryAfterSeconds: number): void;
}

export interface IntakeSources {
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly inFlight: () => number;
  /** Connections that were sent away below HTTP; only grows. */
  readonly turnedAway: () => number;
}

/** The page stays small. */
const hundredths = (value: number): number => Math.round(value * 100) / 100;

export const createIntakeMetrics = (registry: Registry, sources: IntakeSources): IntakeMetrics => {
  const { now, monotonicMs, inFlight, turnedAway } = sources;
  const registers = [registry];
  const recent = new RecentArrivals(turnedAway);
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
  let expected = 0;
  new Counter({
    name: METRICS.returnsExpected,
    help: 'Citizens asked to come again and expected by now.',
    registers,
    collect() {
      const returned = recent.returned(monotonicMs());
      this.inc(returned - expected);
      expected = returned;
    },
  });
  new Gauge({
    name: METRICS.dueBack,
    help: 'Citizens asked to come again and expected later.',
    registers,
    collect() {
      this.set(hundredths(recent.dueBack(monotonicMs())));
    },
  });
  new Gauge({
    name: METRICS.tenthAttempts,
    help: 'Registration POSTs of the last second, by tenths.',
    labelNames: ['ago'],
    registers,
    collect() {
      for (const [index, count] of recent.tenths(monotonicMs()).entries()) this.set({ ago: index + 1 }, count);
    },
  });
  new Gauge({
    name: METRICS.halfReturns,
    help: 'Expected to come again in it, by halves.',
    labelNames: ['ago'],
    registers,
    collect() {
      for (const [index, count] of recent.halves(monotonicMs()).entries()) {
        this.set({ ago: index + 1 }, hundredths(count));
      }
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
    arrived: () => recent.arrived(monotonicMs()),
    askedAgain: (retryAfterSeconds) => recent.askedAgain(monotonicMs(), retryAfterSeconds),
    answered(outcome, took) {
      arrivals.inc({ outcome });
      seconds.observe({ outcome }, took);
    },
  };
};

/** Metrics of what arrives at a tier that citizens reach; the operator depends on their names. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { ARRIVAL_OUTCOMES, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';
import { sampledGauge } from '../sampled-gauge.ts';
import { RecentArrivals } from './recent-arrivals.ts';

export interface ArrivalMetrics {
  /** A registration POST, or the begin of a login, when its head is there; canaries never. */
  arrived(): void;
  answered(outcome: ArrivalOutcome, seconds: number): void;
  /** One of them was asked to come again after so many seconds. */
  askedAgain(retryAfterSeconds: number): void;
  /** One of them had a ticket of the waiting room, so it is no first attempt. */
  cameBack(): void;
}

export interface ArrivalSources {
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly inFlight: () => number;
  /** Connections that were turned away below HTTP; only grows. */
  readonly turnedAway: () => number;
}

/** The page stays small. */
const hundredths = (value: number): number => Math.round(value * 100) / 100;

export const createArrivalMetrics = (registry: Registry, sources: ArrivalSources): ArrivalMetrics => {
  const { now, monotonicMs, inFlight, turnedAway } = sources;
  const registers = [registry];
  const recent = new RecentArrivals(turnedAway);
  let counted = 0;
  const arrivals = new Counter({
    name: METRICS.intakeArrivals,
    help: 'Registration POSTs, or begins of logins, by outcome; all outcomes together are the attempted arrivals, without canaries.',
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
  const inFlightHelp = 'Registrations between their last byte and the answer, or logins that the system answers now.';
  sampledGauge(registry, { name: METRICS.intakeInFlight, help: inFlightHelp }, () => [[{}, inFlight()]]);
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
  const dueHelp = 'Citizens asked to come again and expected later.';
  sampledGauge(registry, { name: METRICS.dueBack, help: dueHelp }, () => [
    [{}, hundredths(recent.dueBack(monotonicMs()))],
  ]);
  const byAge = (counts: readonly number[]) =>
    counts.map((count, index) => [{ ago: String(index + 1) }, count] as const);
  const tenthsHelp = 'Arrivals of the last second, by tenths.';
  sampledGauge(registry, { name: METRICS.tenthAttempts, help: tenthsHelp, labels: ['ago'] }, () =>
    byAge(recent.tenths(monotonicMs())),
  );
  const halvesHelp = 'Expected to come again in it, by halves.';
  sampledGauge(registry, { name: METRICS.halfReturns, help: halvesHelp, labels: ['ago'] }, () =>
    byAge(recent.halves(monotonicMs()).map(hundredths)),
  );
  const timeHelp = 'Unix time of this process at the scrape.';
  sampledGauge(registry, { name: METRICS.scrapeTime, help: timeHelp }, () => [[{}, now() / 1000]]);
  // From zero, because a missing series proves nothing to the operator.
  for (const outcome of ARRIVAL_OUTCOMES) arrivals.inc({ outcome }, 0);
  return {
    arrived: () => recent.arrived(monotonicMs()),
    cameBack: () => recent.cameBack(monotonicMs()),
    askedAgain: (retryAfterSeconds) => recent.askedAgain(monotonicMs(), retryAfterSeconds),
    answered(outcome, took) {
      arrivals.inc({ outcome });
      seconds.observe({ outcome }, took);
    },
  };
};

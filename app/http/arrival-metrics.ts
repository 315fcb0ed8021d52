/** Metrics of what arrives at a tier that citizens reach; the operator depends on their names. */
import type { Registry } from 'prom-client';
import { ARRIVAL_OUTCOMES, type ArrivalOutcome, METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, histogram, sampledGauge } from '../../runtime/metrics.ts';
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
  const recent = new RecentArrivals(turnedAway);
  let counted = 0;
  const arrivals = counter(registry, metric(METRICS.intakeArrivals), (it) => {
    const total = turnedAway();
    it.inc({ outcome: 'turned_away' }, total - counted);
    counted = total;
  });
  const seconds = histogram(registry, metric(METRICS.intakeAnswerSeconds));
  sampledGauge(registry, metric(METRICS.intakeInFlight), () => [[{}, inFlight()]]);
  let expected = 0;
  counter(registry, metric(METRICS.returnsExpected), (it) => {
    const returned = recent.returned(monotonicMs());
    it.inc(returned - expected);
    expected = returned;
  });
  sampledGauge(registry, metric(METRICS.dueBack), () => [[{}, hundredths(recent.dueBack(monotonicMs()))]]);
  const byAge = (counts: readonly number[]) =>
    counts.map((count, index) => [{ ago: String(index + 1) }, count] as const);
  sampledGauge(registry, metric(METRICS.tenthAttempts), () => byAge(recent.tenths(monotonicMs())));
  sampledGauge(registry, metric(METRICS.halfReturns), () => byAge(recent.halves(monotonicMs()).map(hundredths)));
  sampledGauge(registry, metric(METRICS.scrapeTime), () => [[{}, now() / 1000]]);
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

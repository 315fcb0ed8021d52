/**
 * Arithmetic of a traffic trace: a rate is valid until the next row; the last row ends the trace.
 * Worked example: `0,10` `60,300` `90,0` is 60 × 10 + 30 × 300 = 9,600 arrivals in 90 s.
 */
import type { TraceStep } from '../../simulation/trace.ts';
import { exponential, type RandomSource } from './random.ts';

export const durationSeconds = (trace: readonly TraceStep[]): number => trace.at(-1)?.atSeconds ?? 0;

export const peakArrivalsPerSecond = (trace: readonly TraceStep[]): number =>
  trace.slice(0, -1).reduce((peak, { arrivalsPerSecond }) => Math.max(peak, arrivalsPerSecond), 0);

/** The integral of the trace: how many citizens arrive. */
export const expectedArrivals = (trace: readonly TraceStep[]): number =>
  trace.reduce((sum, { atSeconds, arrivalsPerSecond }, i) => {
    const next = trace[i + 1];
    return next === undefined ? sum : sum + (next.atSeconds - atSeconds) * arrivalsPerSecond;
  }, 0);

/** 0 before the start and from the last row on. */
export const rateAt = (trace: readonly TraceStep[], seconds: number): number => {
  const next = trace.findIndex((step) => step.atSeconds > seconds);
  return next <= 0 ? 0 : (trace[next - 1]?.arrivalsPerSecond ?? 0);
};

/**
 * Arrival times in seconds of a Poisson process with the trace's rate. A gap can cross steps: with a gap of 1, a rate of
 * 10/s and 0.05 s left in the step, 0.5 of the gap is used there, and the other 0.5 at the rate of the next step.
 */
export function* poissonArrivals(trace: readonly TraceStep[], random: RandomSource): Generator<number, void, void> {
  let gap = exponential(random);
  for (const [i, step] of trace.entries()) {
    const end = trace[i + 1]?.atSeconds;
    if (end === undefined) return;
    let at = step.atSeconds;
    while (step.arrivalsPerSecond > 0 && at + gap / step.arrivalsPerSecond < end) {
      at += gap / step.arrivalsPerSecond;
      yield at;
      gap = exponential(random);
    }
    gap -= (end - at) * step.arrivalsPerSecond;
  }
}

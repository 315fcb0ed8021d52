/**
 * A traffic trace: `seconds,arrivalsPerSecond`, second 0 = opensAt, a rate holds until the next row, the last row ends
 * the trace. Worked example: `0,10` `60,300` `90,0` is 60 × 10 + 30 × 300 = 9,600 arrivals in 90 s.
 */
import { exponential, type RandomSource } from './random.ts';

export interface TraceStep {
  readonly seconds: number;
  readonly arrivalsPerSecond: number;
}

const HEADER = 'seconds,arrivalsPerSecond';
/** More than a row per second of a whole week; a larger file is not a trace. */
const MAX_ROWS = 700_000;

const numberIn = (text: string | undefined, line: number, column: string): number => {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < 0) {
    throw new Error(`trace line ${line}: ${column} must be a number of at least 0, found "${text ?? ''}"`);
  }
  return value;
};

/** Throws with the line and the remedy when the text is no trace. */
export const parseTrace = (csv: string): readonly TraceStep[] => {
  const [header, ...rows] = csv.trim().split(/\r?\n/);
  if (header?.trim() !== HEADER) throw new Error(`trace line 1: must be "${HEADER}"`);
  if (rows.length < 2) throw new Error('trace: needs at least two rows, the last one ends it');
  if (rows.length > MAX_ROWS) throw new Error(`trace: has ${rows.length} rows, at most ${MAX_ROWS} are read`);
  const steps = rows.map((row, i): TraceStep => {
    const line = i + 2;
    const cells = row.split(',');
    if (cells.length !== 2) throw new Error(`trace line ${line}: must have two columns, ${HEADER}`);
    return {
      seconds: numberIn(cells[0], line, 'seconds'),
      arrivalsPerSecond: numberIn(cells[1], line, 'arrivalsPerSecond'),
    };
  });
  steps.forEach(({ seconds }, i) => {
    const before = steps[i - 1];
    if (i === 0 && seconds !== 0) throw new Error('trace line 2: must start at second 0, which is opensAt');
    if (before !== undefined && seconds <= before.seconds) {
      throw new Error(`trace line ${i + 2}: seconds must grow, ${seconds} follows ${before.seconds}`);
    }
  });
  return steps;
};

export const durationSeconds = (trace: readonly TraceStep[]): number => trace.at(-1)?.seconds ?? 0;

export const peakArrivalsPerSecond = (trace: readonly TraceStep[]): number =>
  trace.slice(0, -1).reduce((peak, { arrivalsPerSecond }) => Math.max(peak, arrivalsPerSecond), 0);

/** The integral of the trace: how many citizens come. */
export const expectedArrivals = (trace: readonly TraceStep[]): number =>
  trace.reduce((sum, { seconds, arrivalsPerSecond }, i) => {
    const next = trace[i + 1];
    return next === undefined ? sum : sum + (next.seconds - seconds) * arrivalsPerSecond;
  }, 0);

/** 0 before the start and from the last row on. */
export const rateAt = (trace: readonly TraceStep[], seconds: number): number => {
  const next = trace.findIndex((step) => step.seconds > seconds);
  return next <= 0 ? 0 : (trace[next - 1]?.arrivalsPerSecond ?? 0);
};

/**
 * Arrival times in seconds of a Poisson process with the trace's rate. A gap is spent step by step: of an exponential
 * gap of 1 at 10/s with 0.05 s left in the step, 0.5 is spent there and 0.5 goes on at the next step's rate.
 */
export function* poissonArrivals(trace: readonly TraceStep[], random: RandomSource): Generator<number, void, void> {
  let gap = exponential(random);
  for (const [i, step] of trace.entries()) {
    const end = trace[i + 1]?.seconds;
    if (end === undefined) return;
    let at = step.seconds;
    while (step.arrivalsPerSecond > 0 && at + gap / step.arrivalsPerSecond < end) {
      at += gap / step.arrivalsPerSecond;
      yield at;
      gap = exponential(random);
    }
    gap -= (end - at) * step.arrivalsPerSecond;
  }
}

/** Traffic traces: CSV `seconds,arrivalsPerSecond`; a rate holds until the next row; second 0 is opensAt. Pure. */

export interface TraceStep {
  readonly atSeconds: number;
  readonly arrivalsPerSecond: number;
}

export class TraceError extends Error {
  override readonly name = 'TraceError';
}

const HEADER = 'seconds,arrivalsPerSecond';

/** Comment lines begin with `#`. @throws TraceError that names the line and the remedy */
export const parseTrace = (csv: string): readonly TraceStep[] => {
  const steps: TraceStep[] = [];
  for (const [index, line] of csv.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#') || line.trim() === HEADER) continue;
    const where = `line ${index + 1}`;
    const [seconds, rate, ...rest] = line.split(',').map((field) => (field.trim() === '' ? Number.NaN : Number(field)));
    if (seconds === undefined || rate === undefined || rest.length > 0 || Number.isNaN(seconds) || Number.isNaN(rate)) {
      throw new TraceError(`${where}: write two numbers, ${HEADER}, such as 60,8000`);
    }
    if (!Number.isFinite(rate) || rate < 0) {
      throw new TraceError(`${where}: the rate is ${rate}; write arrivals per second from 0 on`);
    }
    if (!Number.isFinite(seconds)) throw new TraceError(`${where}: write a finite second, counted from opensAt`);
    const last = steps.at(-1);
    if (last !== undefined && seconds <= last.atSeconds) {
      throw new TraceError(`${where}: second ${seconds} does not come after ${last.atSeconds}; sort the rows by time`);
    }
    steps.push({ atSeconds: seconds, arrivalsPerSecond: rate });
  }
  if (steps.length < 2) throw new TraceError('a trace needs at least two rows: where a rate begins and where it ends');
  return steps;
};

/** The rate at a second, asked in ascending order; 0 before the first row, and from the last on, which ends the trace. */
export const playTrace = (trace: readonly TraceStep[]): ((second: number) => number) => {
  let index = 0;
  return (second) => {
    while ((trace[index + 1]?.atSeconds ?? Number.POSITIVE_INFINITY) <= second) index += 1;
    const step = trace[index];
    return step === undefined || step.atSeconds > second || index === trace.length - 1 ? 0 : step.arrivalsPerSecond;
  };
};

/** What the generator did: one JSON line a second and one at the end. All figures are as citizens see them. */
import { build, type Histogram } from 'hdr-histogram-js';
import { z } from 'zod';
import { ServiceOrder } from './line.ts';

const count = z.int().nonnegative();
const ms = z.number().nonnegative();

/** Counters are totals since the start; `p50Ms`, `p99Ms`, `maxMs` are of the last second in a `stats` line. */
export const loadStats = z.object({
  type: z.enum(['stats', 'final']),
  atMs: z.number(),
  /** Citizens who arrived, by the trace. */
  arrived: count,
  /** POSTs sent, repeats and retries included. */
  sent: count,
  acknowledged: count,
  /** Rejected with Retry-After: 503, 429. */
  shed: count,
  /** Given a ticket of the waiting room. */
  queued: count,
  /** Questions whether it is their turn. */
  polls: count,
  /** From the ticket to the turn, as the page learned of it. */
  queueP50Ms: ms,
  queueP99Ms: ms,
  /** Citizens whose turn came after that of a later ticket (line.ts). */
  overtaken: count,
  /** No answer, a time-out, garbage. */
  failed: count,
  refused: count,
  refusedCodes: z.record(z.string(), count),
  gaveUp: count,
  /** Arrivals not sent because too many were in flight: a limit of the generator, not of the product. */
  dropped: count,
  inFlight: count,
  /** Duration of one POST that returned a receipt. */
  p50Ms: ms,
  p99Ms: ms,
  maxMs: ms,
  /** From the arrival to the receipt, including waits and retries. */
  waitP50Ms: ms,
  waitP99Ms: ms,
  /** Delay of sends against the trace. Above some tens of milliseconds, the generator itself was too slow. */
  lagP99Ms: ms,
});
export type LoadStats = z.infer<typeof loadStats>;

const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });

const microseconds = (valueMs: number): number => Math.max(1, Math.round(valueMs * 1000));
const percentileMs = (of: Histogram, percentile: number): number =>
  of.totalCount === 0 ? 0 : of.getValueAtPercentile(percentile) / 1000;

const COUNTERS = [
  'arrived',
  'sent',
  'acknowledged',
  'shed',
  'failed',
  'refused',
  'gaveUp',
  'dropped',
  'queued',
  'polls',
] as const;
type Counter = (typeof COUNTERS)[number];

export class StatsRecorder {
  readonly #counters = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<Counter, number>;
  readonly #refusedCodes: Record<string, number> = {};
  readonly #answers = histogram();
  readonly #answersOfSecond = histogram();
  readonly #waits = histogram();
  readonly #lags = histogram();
  readonly #queue = histogram();
  readonly #order = new ServiceOrder();
  #inFlight = 0;

  add(counter: Counter): void {
    this.#counters[counter] += 1;
  }
  /** The app has fewer than 50 codes. */
  refused(code: string): void {
    this.add('refused');
    const known = code in this.#refusedCodes || Object.keys(this.#refusedCodes).length < 50 ? code : 'OTHER';
    this.#refusedCodes[known] = (this.#refusedCodes[known] ?? 0) + 1;
  }
  flying(change: 1 | -1): void {
    this.#inFlight += change;
  }
  count(counter: Counter): number {
    return this.#counters[counter];
  }
  answered(answerMs: number): void {
    this.#answers.recordValue(microseconds(answerMs));
    this.#answersOfSecond.recordValue(microseconds(answerMs));
  }
  waited(waitMs: number): void {
    this.#waits.recordValue(microseconds(waitMs));
  }
  /** @param atMs of a clock that only advances */
  turn(number: number, waitMs: number, atMs: number): void {
    this.#queue.recordValue(microseconds(waitMs));
    this.#order.served(number, atMs);
  }
  late(lagMs: number): void {
    this.#lags.recordValue(microseconds(lagMs));
  }

  /** A `stats` line starts a new second for the answer percentiles. */
  line(type: LoadStats['type'], atMs: number): LoadStats {
    const answers = type === 'final' ? this.#answers : this.#answersOfSecond;
    const line: LoadStats = {
      type,
      atMs,
      ...this.#counters,
      refusedCodes: { ...this.#refusedCodes },
      inFlight: this.#inFlight,
      p50Ms: percentileMs(answers, 50),
      p99Ms: percentileMs(answers, 99),
      maxMs: answers.totalCount === 0 ? 0 : answers.maxValue / 1000,
      waitP50Ms: percentileMs(this.#waits, 50),
      waitP99Ms: percentileMs(this.#waits, 99),
      queueP50Ms: percentileMs(this.#queue, 50),
      queueP99Ms: percentileMs(this.#queue, 99),
      overtaken: this.#order.overtaken,
      lagP99Ms: percentileMs(this.#lags, 99),
    };
    this.#answersOfSecond.reset();
    return line;
  }
}

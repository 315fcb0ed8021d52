/** What intake pods report about the waiting room, added up over all pods and restarts. Pure: a data structure without a clock. */
import { METRICS } from '../../contract/app-contract.ts';
import { QUEUE_METRICS } from '../../contract/crowd/queue.ts';
import type { MetricSample } from '../signals/metrics-text.ts';

/** With `METRICS.intakeArrivals`, which are read in any case. */
export const WAITING_ROOM_METRICS = [...Object.values(QUEUE_METRICS), METRICS.intakeInFlight];

/** Counters of one process. */
interface Counters {
  readonly tickets: number;
  readonly turns: number;
  readonly accepted: number;
}

export interface QueueSample extends Counters {
  readonly lastNumber: number;
  /** Registrations between their last byte and the answer: they wait for the journal. */
  readonly inFlight: number;
}

/** Sums since this operator began to watch. */
export interface QueueTotals {
  readonly tickets: number;
  readonly turns: number;
  /** Registrations that the journal has acknowledged, by ticket or not. */
  readonly accepted: number;
  /** Greatest number that any pod has given. */
  readonly highest: number;
  /** Mean seconds from a registration's last byte to the journal's acknowledgement, over the last seconds. Absent: too few. */
  readonly answerSeconds?: number;
}

/** Undefined for a pod without a waiting room. */
export const queueSampleOf = (families: ReadonlyMap<string, readonly MetricSample[]>): QueueSample | undefined => {
  const value = (name: string): number | undefined => families.get(name)?.[0]?.value;
  const tickets = value(QUEUE_METRICS.tickets);
  const turns = value(QUEUE_METRICS.turns);
  if (tickets === undefined || turns === undefined) return undefined;
  return {
    tickets,
    turns,
    lastNumber: value(QUEUE_METRICS.lastNumber) ?? 0,
    accepted: families.get(METRICS.intakeArrivals)?.find(({ labels }) => labels['outcome'] === 'accepted')?.value ?? 0,
    inFlight: value(METRICS.intakeInFlight) ?? 0,
  };
};

/** A pod that began within this time before it was first seen counts in full. */
const YOUNG_MS = 60_000;
const FORGET_MS = 5 * 60_000;
/** Over which answers are averaged, and how many make a mean. */
const ANSWER_WINDOW_MS = 5_000;
const ENOUGH_ANSWERS = 20;

interface Known {
  readonly startedAtMs: number;
  readonly counters: Counters;
  readonly seenAtMs: number;
}

export interface PodQueueSample {
  readonly pod: string;
  readonly startedAtMs: number;
  readonly sourceAtMs: number;
  readonly queue?: QueueSample | undefined;
}

/** At one tick: accepted since the one before. */
interface Look {
  readonly atMs: number;
  readonly accepted: number;
  readonly inFlight: number;
}

const NONE: Counters = { tickets: 0, turns: 0, accepted: 0 };
const NAMES = ['tickets', 'turns', 'accepted'] as const;

const combined = (a: Counters, b: Counters, of: (a: number, b: number) => number): Counters => ({
  tickets: of(a.tickets, b.tickets),
  turns: of(a.turns, b.turns),
  accepted: of(a.accepted, b.accepted),
});

/**
 * | the pod                            | gained |
 * |------------------------------------|--------|
 * | first seen, younger than a minute  | all of its counters |
 * | first seen, older                  | nothing: it was counted by a predecessor of this operator |
 * | the same process                   | the difference; an old page gains nothing |
 * | another process of the same name   | all of its counters |
 */
const gainOf = (known: Known | undefined, { startedAtMs, sourceAtMs }: PodQueueSample, now: Counters): Counters => {
  if (known === undefined) return sourceAtMs - startedAtMs < YOUNG_MS ? now : NONE;
  if (known.startedAtMs !== startedAtMs) return now;
  return combined(now, known.counters, (after, before) => Math.max(0, after - before));
};

export class QueueCounts {
  readonly #pods = new Map<string, Known>();
  #total: Counters = NONE;
  #highest = 0;
  #looks: readonly Look[] = [];

  /** @returns undefined where no pod has a waiting room */
  add(samples: readonly PodQueueSample[], atMs: number): QueueTotals | undefined {
    let gained = NONE;
    for (const sample of samples) {
      const { pod, startedAtMs, queue } = sample;
      if (queue === undefined) continue;
      const known = this.#pods.get(pod);
      const gain = gainOf(known, sample, queue);
      gained = combined(gained, gain, (a, b) => a + b);
      this.#highest = Math.max(this.#highest, queue.lastNumber);
      const isOld = known?.startedAtMs === startedAtMs && NAMES.some((name) => queue[name] < known.counters[name]);
      this.#pods.set(pod, { startedAtMs, counters: isOld ? known.counters : queue, seenAtMs: atMs });
    }
    for (const [pod, { seenAtMs }] of this.#pods) if (seenAtMs < atMs - FORGET_MS) this.#pods.delete(pod);
    if (this.#pods.size === 0) return undefined;
    this.#total = combined(this.#total, gained, (a, b) => a + b);
    const inFlight = samples.reduce((sum, { queue }) => sum + (queue?.inFlight ?? 0), 0);
    const isYoung = (look: Look): boolean => look.atMs >= atMs - ANSWER_WINDOW_MS && look.atMs < atMs;
    this.#looks = [...this.#looks.filter(isYoung), { atMs, accepted: gained.accepted, inFlight }];
    return { ...this.#total, highest: this.#highest, ...this.#answerSeconds() };
  }

  /** Little's law: 200 are in flight on average and 1,000/s are accepted: 0.2 s each. */
  #answerSeconds(): Pick<QueueTotals, 'answerSeconds'> {
    const [first, ...later] = this.#looks;
    const accepted = later.reduce((sum, look) => sum + look.accepted, 0);
    if (first === undefined || accepted < ENOUGH_ANSWERS) return {};
    const seconds = ((later.at(-1)?.atMs ?? first.atMs) - first.atMs) / 1000;
    const inFlight = this.#looks.reduce((sum, look) => sum + look.inFlight, 0) / this.#looks.length;
    return { answerSeconds: (inFlight * seconds) / accepted };
  }
}

/**
 * The waiting room: what pods and operator agree on (docs/adr/0039-the-queue-is-a-number.md). Pure.
 *
 * A citizen who can't be admitted at once gets a ticket with a number. Numbers are given in blocks: a pod moves `queue.next` by
 * compare-and-set. It is a citizen's turn once `serving` has passed the number, and `serving` is computed everywhere from three
 * numbers that change only when the pace changes. So nothing is written for a citizen who waits, and one answer fits all of them.
 *
 * ```
 * serving(t) = base + ratePerSecond · (t − since)
 * a queue exists while serving < the highest number that was given
 * a new block begins at max(next, serving + 1): where no one waits, serving runs on, and numbers that it passed are not given
 * ```
 */

/** Keys of the live bucket. Pods watch all of them. */
export const QUEUE_KEYS = {
  /** First number that no pod has: a decimal number. Intake pods write it, by compare-and-set; no one else does. */
  next: 'queue.next',
  /** QueuePace as JSON. The operator writes it. */
  pace: 'queue.pace',
  /** QueueShuffle as JSON. The operator writes it once, at opening; it never changes. */
  shuffle: 'queue.shuffle',
} as const;

export interface QueuePace {
  readonly v: 1;
  /** `serving` at `since`, from 0 on. `serving` never falls: a new pace begins where the one before is. */
  readonly base: number;
  /** Numbers a second; more than the admission rate where some do not come when it is their turn. 0: no one is served. */
  readonly ratePerSecond: number;
  /** RFC 3339, agreed time. */
  readonly since: string;
  /** A contingency level gives no new tickets. Those that were given are served. */
  readonly isClosed?: true;
}

/**
 * The order of those who had a ticket before opening. The operator writes it once the campaign is open, with the count 0 where no
 * one had a ticket: before pods know it, no place is known and no ticket is served. So that nothing is gained by coming first: number n ≤ count has the place that
 * `placeOf` gives it among them (app/intake/waiting-room/shuffle.ts). Numbers above are their own places.
 */
export interface QueueShuffle {
  readonly v: 1;
  /** 32 random bytes, hexadecimal, drawn at opening; published. */
  readonly seed: string;
  readonly count: number;
}

/** Whose turn it is: places up to this one, a whole number. */
export const servingAt = (pace: QueuePace, nowMs: number): number => servingAfter(pace, nowMs - Date.parse(pace.since));

/** The same, so long after `since`. */
export const servingAfter = ({ base, ratePerSecond }: Omit<QueuePace, 'since'>, ms: number): number =>
  Math.floor(base + (ratePerSecond * Math.max(0, ms)) / 1000);

/**
 * How many numbers a pod takes at once, at least and at most: about half a second of its tickets. One where few come: the rest of a
 * block that no one gets is time in which no one is served.
 */
export const BLOCK = { least: 1, most: 1_000 } as const;

/** How long a place is kept after its turn, for a page that was closed; then its ticket is no longer valid. */
export const PLACE_KEPT_SECONDS = 600;
/** How long an admission is valid: as long as a citizen needs for the form. */
export const ADMISSION_SECONDS = 900;
/** Registrations that one pod takes for one admission: a family's. */
export const PER_ADMISSION = 5;

/**
 * Metrics of an intake pod. Counters only grow; the sums over all pods are what the operator reads.
 *
 * How they meet the law's metrics (app-contract.ts):
 * - A request that gets a ticket is one attempt with the outcome `shed`. It is not asked to come again within seconds:
 *   `METRICS.dueBack` counts no holder of a ticket, because the operator knows them from these counters.
 * - A registration by a ticket or admission is an attempt and, for the first of a ticket, also a turn. Every such attempt adds 1
 *   to `METRICS.returnsExpected` and to the present half of `METRICS.halfReturns` when it arrives: it is never a first attempt.
 */
export const QUEUE_METRICS = {
  /** Tickets given; each is a first attempt of the law. */
  tickets: 'voucher_queue_tickets_total',
  /** Tickets whose holder came when it was their turn: a return of the law. */
  turns: 'voucher_queue_turns_total',
  /** Greatest number given by this pod. A gauge. */
  lastNumber: 'voucher_queue_last_number',
} as const;

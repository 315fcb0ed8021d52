/** Other clocks, and what they say. */

/** Another clock. Rejects when it can't be read now. */
export interface ClockSource {
  /** Whose clock it was, and what it said between the call and the answer. */
  read(signal: AbortSignal): Promise<ClockAnswer>;
}

export interface ClockAnswer {
  /** A name for it; two answers of one name are one clock. */
  readonly clock: string;
  readonly atMs: number;
  /** It may be the clock of the machine that asks. Absent: it is not. */
  readonly mayBeShared?: boolean;
}

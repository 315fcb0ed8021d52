/** Time as an argument. Only composition roots use `systemClock`; tests pass their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch, wall clock. */
  now(): number;
}
export const systemClock: Clock = { now: () => Date.now() };

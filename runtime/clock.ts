/** Time and timers as an argument; composition roots pass `systemClock`. */
export interface WallClock {
  /** Milliseconds since the Unix epoch: for what people and other machines read. */
  now(): number;
}

export interface Clock extends WallClock {
  /** Milliseconds that never jump, from an arbitrary start: for delays and ages. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Load of this process: requests in flight, and the delay of its event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ConcurrencyLimit } from './concurrency-limit.ts';

export interface LoadGuard {
  /** Counts one complete request in; the returned function counts it out, once. */
  enter(): () => void;
  readonly inFlight: number;
  isOverloaded(): boolean;
  close(): void;
}

const LATE_LOOP_MS = 300;
const LOOK_EVERY_MS = 500;

/** @param maxInFlight upper bound of the learned limit */
export const createLoadGuard = ({ maxInFlight }: { readonly maxInFlight?: number } = {}): LoadGuard => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const concurrency = new ConcurrencyLimit(maxInFlight);
  let inFlight = 0;
  let isLate = false;
  const timer = setInterval(() => {
    // The median: one long garbage collection is no overload.
    isLate = delay.percentile(50) / 1e6 > LATE_LOOP_MS;
    delay.reset();
  }, LOOK_EVERY_MS).unref();
  return {
    enter() {
      const enteredAtMs = performance.now();
      inFlight += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const nowMs = performance.now();
        concurrency.observe(nowMs - enteredAtMs, nowMs, inFlight);
        inFlight -= 1;
      };
    },
    get inFlight() {
      return inFlight;
    },
    isOverloaded: () => inFlight >= concurrency.limit || isLate,
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
};

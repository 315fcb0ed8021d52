/** How much this process has to do: requests in flight, and how late its event loop runs. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoadGuard {
  /** Counts one complete request in; the returned function counts it out, once. */
  enter(): () => void;
  readonly inFlight: number;
  isOverloaded(): boolean;
  close(): void;
}

/** Above this the answers would come later than citizens wait; 512 at 2,000/s are a quarter of a second. */
const MAX_IN_FLIGHT = 512;
const LATE_LOOP_MS = 300;
const LOOK_EVERY_MS = 500;

export const createLoadGuard = (maxInFlight = MAX_IN_FLIGHT): LoadGuard => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let inFlight = 0;
  let isLate = false;
  const timer = setInterval(() => {
    // The median, not the p99: one long garbage collection is no overload.
    isLate = delay.percentile(50) / 1e6 > LATE_LOOP_MS;
    delay.reset();
  }, LOOK_EVERY_MS).unref();
  return {
    enter() {
      inFlight += 1;
      let isIn = true;
      return () => {
        if (isIn) inFlight -= 1;
        isIn = false;
      };
    },
    get inFlight() {
      return inFlight;
    },
    isOverloaded: () => inFlight > maxInFlight || isLate,
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
};

/** How much this process has to do: requests in flight, and how late its event loop runs. */
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

export interface LoadGuardOptions {
  /** Upper end of the limit that is learned. */
  readonly maxInFlight?: number;
  readonly monotonicMs?: () => number;
}

export const createLoadGuard = ({
  maxInFlight,
  monotonicMs = () => performance.now(),
}: LoadGuardOptions = {}): LoadGuard => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const concurrency = new ConcurrencyLimit(maxInFlight);
  let inFlight = 0;
  let isLate = false;
  const timer = setInterval(() => {
    // The median, not the p99: one long garbage collection is no overload.
    isLate = delay.percentile(50) / 1e6 > LATE_LOOP_MS;
    delay.reset();
  }, LOOK_EVERY_MS).unref();
  return {
    enter() {
      const enteredAtMs = monotonicMs();
      inFlight += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const nowMs = monotonicMs();
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

/** Load of this process: requests in flight by class, and the delay of its event loop. What is shed by them: shedding.ts. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { type Conduct, isShed, type RequestClass } from './shedding.ts';

export interface LoadGuard {
  /** Counts one complete request in; the returned function counts it out, once. A write unless stated. */
  enter(of?: RequestClass): () => void;
  /** Writes under way. */
  readonly inFlight: number;
  /** Whether a request is shed. A write of a usual client unless stated. */
  isOverloaded(of?: RequestClass, conduct?: Conduct): boolean;
  close(): void;
}

const LOOK_EVERY_MS = 500;

/** @param maxInFlight upper bound of the learned limit */
export const createLoadGuard = ({ maxInFlight }: { readonly maxInFlight?: number } = {}): LoadGuard => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const concurrency = new ConcurrencyLimit(maxInFlight);
  const inFlight: Record<RequestClass, number> = { write: 0, status: 0, poll: 0, ticket: 0, static: 0 };
  let lateMs = 0;
  const timer = setInterval(() => {
    // The median: one long garbage collection is no overload.
    lateMs = delay.percentile(50) / 1e6;
    delay.reset();
  }, LOOK_EVERY_MS).unref();
  return {
    enter(of = 'write') {
      const enteredAtMs = performance.now();
      inFlight[of] += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const nowMs = performance.now();
        // Only writes wait for the journal, whose speed is learned.
        if (of === 'write') concurrency.observe(nowMs - enteredAtMs, nowMs, inFlight.write);
        inFlight[of] -= 1;
      };
    },
    get inFlight() {
      return inFlight.write;
    },
    isOverloaded: (of = 'write', conduct = 'usual') =>
      isShed(of, conduct, { inFlight: inFlight[of], writes: concurrency.limit, lateMs }),
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
};

/**
 * How networks behave, beside others. Conduct means something only where there are others to protect: behind a load balancer that hides
 * addresses all citizens are one network, which asks much and is often wrong. It gets all of the pod. Time is an argument.
 *
 * | conduct | requests of a better conduct in the last seconds | counts as |
 * |---------|--------------------------------------------------|-----------|
 * | busy    | fewer than five, of usual networks               | usual     |
 * | noisy   | fewer than five, of usual and busy networks      | usual     |
 * | any other case | | itself |
 */
import type { Conduct } from '../http/shedding.ts';

/** A canary, or a person who looks, is no crowd. */
const CROWD = 5;
const WINDOW_MS = 1_000;

/** Counts a request of this conduct. @returns what it counts as */
export type Beside = (conduct: Conduct, nowMs: number) => Conduct;

export const createBeside = (): Beside => {
  const none = { usual: 0, busy: 0, noisy: 0 };
  let window = 0;
  let current = { ...none };
  let before = { ...none };
  return (conduct, nowMs) => {
    const now = Math.floor(nowMs / WINDOW_MS);
    if (now !== window) {
      before = now === window + 1 ? current : { ...none };
      current = { ...none };
      window = now;
    }
    current[conduct] += 1;
    if (conduct === 'usual') return conduct;
    const usual = current.usual + before.usual;
    const better = conduct === 'busy' ? usual : usual + current.busy + before.busy;
    return better < CROWD ? 'usual' : conduct;
  };
};

/** The waits between restarts of a container that fails. Shorter than the kubelet's 10 s to 5 min: a campaign is over by then. */
import { stepMs } from '../../runtime/backoff.ts';

const LIMITS = { initialMs: 500, maxMs: 10_000 };
const FORGET_AFTER_MS = 60_000;

/** Failures in a row, with this one; `readyMs` is how long the container that has just ended had been ready. */
export const failuresAfter = (before: number, readyMs: number): number => (readyMs >= FORGET_AFTER_MS ? 1 : before + 1);

/** E.g. 0.5 s, 1 s, 2 s, 4 s, 8 s, 10 s, 10 s, …; after a run that was ready for 60 s it begins anew. */
export const restartWaitMs = (failures: number): number => stepMs(failures, LIMITS);

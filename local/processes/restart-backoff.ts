/** The waits between restarts of a container that fails. Shorter than the kubelet's 10 s to 5 min: a campaign is over by then. */

export interface RestartBackoff {
  /** Restarts in a row. */
  readonly failures: number;
}

export const NO_FAILURES: RestartBackoff = { failures: 0 };

const FIRST_MS = 500;
const MAX_MS = 10_000;
const FORGET_AFTER_MS = 60_000;

/**
 * E.g. 0.5 s, 1 s, 2 s, 4 s, 8 s, 10 s, 10 s, …; after a run that was ready for 60 s it begins anew.
 * `readyMs` is how long the container that has just ended had been ready.
 */
export const afterFailure = (
  before: RestartBackoff,
  readyMs: number,
): { readonly waitMs: number; readonly next: RestartBackoff } => {
  const failures = readyMs >= FORGET_AFTER_MS ? 0 : before.failures;
  return { waitMs: Math.min(FIRST_MS * 2 ** failures, MAX_MS), next: { failures: failures + 1 } };
};

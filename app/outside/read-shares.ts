/** Keeps this pod's shares: reads the operator's value every second, and knows for each outside system what may be sent now. */
import { type OutsideShares, SHARE_READ_EVERY_MS } from '../../contract/outside/outside.ts';
import type { ReadShares } from '../../journal/live/outside-shares.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
import { type Moment, momentOf, NO_SHARE, type Share, shareAt, takeReading } from './share.ts';

export interface SharesOptions {
  /** Reads the value once; rejects when it can't. */
  readonly read: ReadShares;
  /** Name under which the operator hands shares to this pod. */
  readonly podName: string;
  /** Names of the outside systems that this pod asks; others in the value are ignored. */
  readonly targets: readonly string[];
  readonly clock: Clock;
  /** A reading that failed, or that is older than one before; the next one follows. */
  readonly onError: (error: unknown) => void;
}

/** Requests per second that this pod may send now to an outside system; 0 for one that it does not know. Never throws. */
export type ShareNow = (target: string) => number;

/** So that a share outlives three readings without an answer. */
const READ_WITHIN_MS = 1_000;
/** Older values than one that was seen: an old leader gives them for up to 20 s, a new bucket for good. */
const OLDER_FOR_MS = 30_000;

const earlier = ({ monotonicMs, wallMs }: Moment, byMs: number): Moment => ({
  monotonicMs: monotonicMs - byMs,
  wallMs: wallMs - byMs,
});

const given = (shares: OutsideShares | undefined, target: string, podName: string): number => {
  const targets = new Map(Object.entries(shares?.targets ?? {}));
  return new Map(Object.entries(targets.get(target)?.perSecond ?? {})).get(podName) ?? 0;
};

/** Reads until the signal aborts; from then on there is no share: other lanes may have it. */
export const keepShares = (options: SharesOptions, signal: AbortSignal): ShareNow => {
  const { read, podName, targets, clock, onError } = options;
  const shares = new Map<string, Share>(targets.map((target) => [target, NO_SHARE]));
  let newest = 0;
  let olderSinceMs: number | undefined;

  /** Whether a value may be used: it is not older than one that was seen. */
  const isNew = (revision: number, nowMs: number): boolean => {
    if (revision < newest) {
      olderSinceMs ??= nowMs;
      if (nowMs - olderSinceMs < OLDER_FOR_MS) return false;
    }
    olderSinceMs = undefined;
    newest = revision;
    return true;
  };

  const readOnce = async (): Promise<void> => {
    const beganAt = momentOf(clock);
    const { shares: found, unprovenMs, revision } = await within(clock, READ_WITHIN_MS, signal, read);
    const now = momentOf(clock);
    if (!isNew(revision, now.monotonicMs))
      throw new Error(`revision ${revision} of the shares is older than ${newest}, which was seen before`);
    const provenAt = earlier(beganAt, unprovenMs);
    for (const [target, share] of shares)
      shares.set(target, takeReading(share, given(found, target, podName), provenAt, now));
  };

  void (async () => {
    while (!signal.aborted) {
      const beganMs = clock.monotonicMs();
      await readOnce().catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
      await sleep(clock, Math.max(0, beganMs + SHARE_READ_EVERY_MS - clock.monotonicMs()), signal);
    }
  })();

  return (target) => (signal.aborted ? 0 : shareAt(shares.get(target) ?? NO_SHARE, momentOf(clock)));
};

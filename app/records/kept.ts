/**
 * What workers of an earlier release could not read and kept is recorded by one that can: at its start, and again and again,
 * because those others work on beside it until the upgrade is through. The commit is a join, so two workers that replay the same
 * event, or one that dies between commit and forgetting, change nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES, type EventType } from '../../contract/envelope.ts';
import { report, type Settled, settle, type TierPart, type WorkerLog } from '../worker/part.ts';
import type { KeptEvents } from './ports.ts';

export interface KeptDeps {
  /** Understands these types too. */
  readonly part: TierPart<Settled>;
  readonly kept: KeptEvents;
  /** Types that this worker understands; all of this release unless stated. */
  readonly known?: readonly EventType[];
  readonly log: WorkerLog & { info(fields: Readonly<Record<string, unknown>>, message: string): void };
  /** The database did not answer, for instance; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;

/** All that can be read now. Rejects with CommitError; a second call goes on. */
const replayKept = async ({ part, kept, known = EVENT_TYPES, log }: KeptDeps, signal: AbortSignal) => {
  for (;;) {
    const events = await kept.read(known, signal);
    if (events.length === 0) return;
    const messages = events.map(({ raw, ...at }) => ({ ...at, data: raw }));
    const commits = await settle(part, messages, signal);
    await kept.forget(events, signal);
    report(part, commits, log);
    log.info({ events: events.length }, 'recorded what an earlier release had kept');
  }
};

/** Ends with the signal. */
export const keepReplaying = async (deps: KeptDeps, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await replayKept(deps, signal).catch((error: unknown) => {
      if (!signal.aborted) deps.onError(error);
    });
    await delay(deps.everyMs ?? EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
};

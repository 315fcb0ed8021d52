/**
 * Records events that workers of an earlier release could not read and kept: at the start, and repeatedly, because those workers run
 * until the upgrade is complete. The commit is a join, so two workers that replay the same event change nothing, nor does one that
 * dies between commit and forgetting.
 */
import { EVENT_TYPES, type EventType } from '../../contract/envelope.ts';
import { again } from '../../runtime/sleep.ts';
import { report, type Settled, settle, type TierPart, type WorkerLog } from '../worker/part.ts';
import type { KeptEvents } from './ports.ts';

export interface KeptDeps {
  readonly part: TierPart<Settled>;
  readonly kept: KeptEvents;
  /** Types that this worker understands; all of this release unless stated. */
  readonly known?: readonly EventType[];
  readonly log: WorkerLog & { info(fields: Readonly<Record<string, unknown>>, message: string): void };
  /** For example, the database did not answer. It is retried. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;

/** All events that can be read now. Rejects with CommitError; a second call continues. */
const replayKept = async ({ part, kept, known = EVENT_TYPES, log }: KeptDeps, signal: AbortSignal) => {
  for (;;) {
    const events = await kept.read(known, signal);
    if (events.length === 0) return;
    const messages = events.map(({ raw, ...at }) => ({ ...at, data: raw }));
    const commits = await settle(part, messages, signal);
    await kept.forget(events, signal);
    report(part, commits, log);
    log.info({ events: events.length }, 'recorded events that an earlier release had kept');
  }
};

/** Ends with the signal. */
export const keepReplaying = (deps: KeptDeps, signal: AbortSignal): Promise<void> =>
  again(() => replayKept(deps, signal), deps.everyMs ?? EVERY_MS, signal, deps.onError);

/**
 * Starts issuance of one campaign: appends the entry `issuance` once. One look at a time, without delaying the tick. Everything that must
 * survive this process is in the journal.
 */
import type { IssuanceChannel, IssuanceStart } from '../../contract/decisions/control.ts';
import { ControlEntryError } from '../../contract/decisions/control-schema.ts';
import type { IssuanceJournal } from '../../journal/freeze/issuance-journal.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';

/** What is known of the start of a campaign's issuance. */
export type IssuanceState =
  /** `start` absent: it has not started. `isRestored`: the shards' streams are not those of the start, so facts of requests may be lost. */
  | { readonly kind: 'known'; readonly start?: IssuanceStart; readonly isRestored?: true }
  /** The journal did not answer; asked again. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** The entry is stored, but can't be read by this release. */
  | { readonly kind: 'unreadable'; readonly message: string };

/** Everything that the start of issuance fixes, except what only the journal knows. */
export interface IssuanceOrder {
  readonly by: string;
  readonly channels: readonly IssuanceChannel[];
  readonly queryFirst: boolean;
  /** When the oldest of the stocks was read. */
  readonly readAtMs: number;
}

export interface IssuanceRequest {
  readonly campaignId: string;
  /** The result of the draw is announced, or issuance had started when this process began to lead. */
  readonly isDue: boolean;
  /** Identifies channels and vouchers of the spec: stocks that were read before a change no longer count. */
  readonly settings: string;
  /** Absent: something is missing; the condition Issued says what. */
  readonly order?: IssuanceOrder;
}

interface IssuanceKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is issued here. */
  readonly journal: IssuanceJournal | undefined;
  readonly shards: number;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
}

const LOOK_DEADLINE_MS = 8_000;
const LOOK_EVERY_MS = 10_000;
/** Whether the streams are still those of the start. */
const STREAMS_EVERY_MS = 30_000;
const AFTER_FAILURE_MS = 2_000;
/** Pods follow new settings within 2 s, and clocks agree within 2 s. A stock that was read later than this was read with the new settings. */
const SETTLED_MS = 5_000;

export const createIssuanceKeeper = ({ clock, journal, shards, assertLeading }: IssuanceKeeperDeps) => {
  let state: IssuanceState | undefined;
  let inFlight: Promise<void> | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  let settings: { readonly text: string; readonly sinceMs: number } | undefined;

  const startOf = (): IssuanceStart | undefined => (state?.kind === 'known' ? state.start : undefined);

  /** What is known of a start stays known while the journal does not answer. */
  const lookAtStreams = async (of: IssuanceJournal, start: IssuanceStart, signal: AbortSignal): Promise<void> => {
    const now = await of.streams(start.campaignId, shards, signal).catch(() => undefined);
    if (now === undefined) return;
    const isRestored = now.some((created, shard) => created !== start.streams[shard]);
    state = { kind: 'known', start, ...(isRestored ? { isRestored } : {}) };
  };

  const look = async (of: IssuanceJournal, { campaignId, order }: IssuanceRequest, signal: AbortSignal) => {
    const found = startOf() ?? (await of.started(campaignId, signal));
    if (found !== undefined) {
      if (startOf() === undefined) state = { kind: 'known', start: found };
      return lookAtStreams(of, found, signal);
    }
    state = { kind: 'known' };
    if (order === undefined || settings === undefined) return;
    if (order.readAtMs < settings.sinceMs + SETTLED_MS) return;
    const { by, channels, queryFirst } = order;
    const streams = await of.streams(campaignId, shards, signal);
    assertLeading?.();
    const at = new Date(clock.now()).toISOString();
    const start = await of.start({ v: 1, campaignId, at, by, format: 'vi1', channels, streams, queryFirst }, signal);
    state = { kind: 'known', start };
  };

  return {
    /** Undefined until the journal was asked once. */
    state: (): IssuanceState | undefined => state,
    /** Resolves when no look is under way. */
    settled: async (): Promise<void> => inFlight,
    /** Looks when it is time. Returns at once and never throws. */
    keep(request: IssuanceRequest, signal: AbortSignal): void {
      if (settings?.text !== request.settings) settings = { text: request.settings, sinceMs: clock.now() };
      if (journal === undefined || !request.isDue || inFlight !== undefined) return;
      // An order is carried out before the next look is due, but not sooner than AFTER_FAILURE_MS after a failure.
      const isStarted = startOf() !== undefined;
      const isOrdered = request.order !== undefined && state?.kind === 'known' && !isStarted;
      if (!isOrdered && clock.monotonicMs() < notBeforeMs) return;
      notBeforeMs = clock.monotonicMs() + (isStarted ? STREAMS_EVERY_MS : LOOK_EVERY_MS);
      inFlight = within(clock, LOOK_DEADLINE_MS, signal, (inner) => look(journal, request, inner))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          notBeforeMs = clock.monotonicMs() + AFTER_FAILURE_MS;
          if (startOf() !== undefined) return;
          const message = error instanceof Error ? error.message : String(error);
          state = { kind: error instanceof ControlEntryError ? 'unreadable' : 'unknown', message };
        })
        .finally(() => {
          inFlight = undefined;
        });
    },
  };
};
export type IssuanceKeeper = ReturnType<typeof createIssuanceKeeper>;

/** Follows which lists of earlier winners are in a campaign's journal. One look at a time, without delaying the tick. */
import { ControlEntryError } from '../../contract/decisions/control-schema.ts';
import type { ExcludedWinners } from '../../contract/decisions/exclusion.ts';
import type { FreezeJournal } from '../../journal/freeze/freezing.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';

/** What the journal has of one earlier campaign. */
export type ListState =
  | { readonly kind: 'listed'; readonly winners: ExcludedWinners }
  | { readonly kind: 'absent' }
  /** The journal did not answer; asked again. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** The entry is stored, but can't be read by this release. */
  | { readonly kind: 'unreadable'; readonly message: string };

/** By campaignId of the earlier campaign; absent: not asked yet. */
export type ListStates = ReadonlyMap<string, ListState>;

interface ExclusionKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is frozen here, so no list is needed. */
  readonly journal: Pick<FreezeJournal, 'excludedWinners'> | undefined;
}

const LOOK_DEADLINE_MS = 8_000;
const LOOK_EVERY_MS = 5_000;

export const createExclusionKeeper = ({ clock, journal }: ExclusionKeeperDeps) => {
  const states = new Map<string, ListState>();
  let inFlight: Promise<void> | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  const look = async (
    of: Pick<FreezeJournal, 'excludedWinners'>,
    campaignId: string,
    earlier: string,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      const winners = await within(clock, LOOK_DEADLINE_MS, signal, (inner) =>
        of.excludedWinners(campaignId, earlier, inner),
      );
      states.set(earlier, winners === undefined ? { kind: 'absent' } : { kind: 'listed', winners });
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      states.set(earlier, { kind: error instanceof ControlEntryError ? 'unreadable' : 'unknown', message });
    }
  };

  return {
    states: (): ListStates => states,
    /** Resolves when no look is under way. */
    settled: async (): Promise<void> => inFlight,
    /** Looks when it is time for lists that are not known. Returns at once and never throws. @param earlier campaignIds */
    keep(campaignId: string, earlier: readonly string[], signal: AbortSignal): void {
      const missing = earlier.filter((one) => states.get(one)?.kind !== 'listed');
      if (journal === undefined || missing.length === 0 || inFlight !== undefined) return;
      if (clock.monotonicMs() < notBeforeMs) return;
      notBeforeMs = clock.monotonicMs() + LOOK_EVERY_MS;
      inFlight = Promise.all(missing.map((one) => look(journal, campaignId, one, signal)))
        .then(() => undefined)
        .finally(() => {
          inFlight = undefined;
        });
    },
  };
};
export type ExclusionKeeper = ReturnType<typeof createExclusionKeeper>;

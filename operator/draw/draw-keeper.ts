/**
 * Follows the draw's steps of one campaign, and appends the values that two people have entered. One look at a time, without delaying
 * the tick. Everything that must survive this process is in the journal.
 */
import { ControlEntryError } from '../../contract/decisions/control-schema.ts';
import type { Entered } from '../../contract/decisions/draw.ts';
import { type ChainState, chainState, missingValues } from '../../contract/decisions/draw-chain.ts';
import type { FreezeJournal } from '../../journal/freeze/freezing.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { agreementOf, type DrawCommands, enteredFor } from './commands.ts';

/** What is known of a campaign's draw. */
export type DrawState =
  | { readonly kind: 'known'; readonly chain: ChainState }
  /** The journal did not answer; asked again. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** A step is stored that this release can't read. */
  | { readonly kind: 'unreadable'; readonly message: string };

export interface DrawRequest {
  readonly campaignId: string;
  /** The list is made, and the campaign has sources. */
  readonly isDue: boolean;
  readonly values: DrawCommands['values'];
}

interface DrawKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is drawn here. */
  readonly journal: Pick<FreezeJournal, 'steps' | 'appendStep'> | undefined;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
}

const LOOK_DEADLINE_MS = 8_000;
const LOOK_EVERY_MS = 1_000;
/** Only promotions follow, and a Job appends them. */
const LOOK_AT_END_MS = 5_000;
const AFTER_FAILURE_MS = 2_000;

/**
 * The next value to append; undefined: none. From notBefore on, by the operator's clock, and then by the journal's: the commitment says
 * that no source has its value before.
 */
export const nextEntered = (
  chain: ChainState,
  values: DrawRequest['values'],
  campaignId: string,
  nowMs: number,
): Entered | undefined => {
  const { committed, sourced } = chain;
  if (committed === undefined || sourced !== undefined || nowMs < Date.parse(committed.commitment.notBefore))
    return undefined;
  for (const name of missingValues(chain)) {
    const agreement = agreementOf(enteredFor({ values }, name, committed.digest));
    if (agreement.kind !== 'agree') continue;
    const { value, by } = agreement;
    const { attempt } = committed;
    return { v: 1, step: 'entered', campaignId, at: new Date(nowMs).toISOString(), attempt, name, value, by };
  }
  return undefined;
};

export const createDrawKeeper = ({ clock, journal, assertLeading }: DrawKeeperDeps) => {
  let state: DrawState | undefined;
  let inFlight: Promise<void> | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  const look = async (of: Pick<FreezeJournal, 'steps' | 'appendStep'>, request: DrawRequest, signal: AbortSignal) => {
    const { campaignId, values } = request;
    const read = async (): Promise<ChainState> => {
      const chain = chainState(campaignId, await of.steps(campaignId, signal));
      state = { kind: 'known', chain };
      return chain;
    };
    const chain = await read();
    notBeforeMs = clock.monotonicMs() + (chain.announced === undefined ? LOOK_EVERY_MS : LOOK_AT_END_MS);
    const entered = nextEntered(chain, values, campaignId, clock.now());
    if (entered === undefined) return;
    assertLeading?.();
    await of.appendStep(campaignId, entered, chain.last, signal);
    await read();
  };

  return {
    /** Undefined until the journal was asked once. */
    state: (): DrawState | undefined => state,
    /** Resolves when no look is under way. */
    settled: async (): Promise<void> => inFlight,
    /** Looks when it is time. Returns at once and never throws. */
    keep(request: DrawRequest, signal: AbortSignal): void {
      if (journal === undefined || !request.isDue || inFlight !== undefined || clock.monotonicMs() < notBeforeMs)
        return;
      inFlight = within(clock, LOOK_DEADLINE_MS, signal, (inner) => look(journal, request, inner))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          notBeforeMs = clock.monotonicMs() + AFTER_FAILURE_MS;
          const message = error instanceof Error ? error.message : String(error);
          if (error instanceof ControlEntryError) state = { kind: 'unreadable', message };
          // A step that was read counts, whether or not the journal answers now.
          else if (state?.kind !== 'known') state = { kind: 'unknown', message };
        })
        .finally(() => {
          inFlight = undefined;
        });
    },
  };
};
export type DrawKeeper = ReturnType<typeof createDrawKeeper>;

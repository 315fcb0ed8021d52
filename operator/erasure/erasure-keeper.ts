/**
 * Carries out commands to erase people, one after another and without delaying a tick. What is done is in the journal and in the
 * status; a command whose result was lost is carried out again, which appends nothing twice.
 *
 * | status                              | this process | then |
 * |-------------------------------------|--------------|------|
 * | Erased, for this command            | any          | nothing |
 * | UnknownReceipt, for this command    | any          | tried again every minute: a registration may be on its way |
 * | anything else                       | done         | nothing; the next status says so |
 * | anything else                       | not done     | carried out |
 */
import type { ErasureJournal } from '../../journal/privacy/erasing.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { EraseCommand } from './erase-commands.ts';
import { type ErasureResult, type ErasureStatus, isDone } from './erasure-types.ts';

interface ErasureKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is erased here. */
  readonly journal: ErasureJournal | undefined;
  readonly shards: number;
  readonly site: string;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
}

/** A pass through a journal of 20 million messages, while other campaigns want one too. */
const DEADLINE_MS = 30 * 60_000;
const AFTER_FAILURE_MS = 5_000;
const UNKNOWN_LOOK_MS = 60_000;

const idOf = ({ receipt, at }: Pick<EraseCommand, 'receipt' | 'at'>): string => `${receipt} ${at}`;

export class ErasureKeeper {
  readonly #deps: ErasureKeeperDeps;
  readonly #results = new Map<string, ErasureResult>();
  readonly #notBeforeMs = new Map<string, number>();
  #inFlight: Promise<void> | undefined;

  constructor(deps: ErasureKeeperDeps) {
    this.#deps = deps;
  }

  /** Of this process; undefined while it has none. */
  resultOf(command: EraseCommand): ErasureResult | undefined {
    return this.#results.get(idOf(command));
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Begins the first command that is not carried out. Returns at once and never throws. */
  keep(
    campaignId: string,
    commands: readonly EraseCommand[],
    before: readonly ErasureStatus[] | undefined,
    signal: AbortSignal,
  ): void {
    const { clock, journal } = this.#deps;
    const ids = new Set(commands.map(idOf));
    for (const id of this.#results.keys()) if (!ids.has(id)) this.#results.delete(id);
    for (const id of this.#notBeforeMs.keys()) if (!ids.has(id)) this.#notBeforeMs.delete(id);
    if (journal === undefined || this.#inFlight !== undefined) return;
    const next = commands.find(
      (command) =>
        !isDone(command, before) &&
        this.resultOf(command)?.kind !== 'erased' &&
        clock.monotonicMs() >= (this.#notBeforeMs.get(idOf(command)) ?? Number.NEGATIVE_INFINITY),
    );
    if (next === undefined) return;
    this.#inFlight = within(clock, DEADLINE_MS, signal, (inner) => this.#erase(journal, campaignId, next, inner))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        this.#later(next, AFTER_FAILURE_MS);
        const message = error instanceof Error ? error.message : String(error);
        this.#results.set(idOf(next), { kind: 'failed', message });
      })
      .finally(() => {
        this.#inFlight = undefined;
      });
  }

  async #erase(journal: ErasureJournal, campaignId: string, command: EraseCommand, signal: AbortSignal): Promise<void> {
    const { clock, shards, site, assertLeading } = this.#deps;
    assertLeading?.();
    const at = new Date(clock.now()).toISOString();
    const outcome = await journal.erase({ campaignId, shards, site, receipt: command.receipt, at }, signal);
    if (outcome.kind === 'unknownReceipt') this.#later(command, UNKNOWN_LOOK_MS);
    this.#results.set(idOf(command), { ...outcome, atMs: clock.now() });
  }

  #later(command: EraseCommand, delayMs: number): void {
    this.#notBeforeMs.set(idOf(command), this.#deps.clock.monotonicMs() + delayMs);
  }
}

/**
 * Freezes one campaign's list, one step a tick and without delaying it. What must survive this process is in the journal: the
 * barriers, and the entry `frozen`, which is appended once.
 */
import { randomUUID } from 'node:crypto';
import { ControlEntryError } from '../../contract/decisions/control-schema.ts';
import type { ConsumerPosition, FreezeJournal, PublishedWindow } from '../../journal/freeze/freezing.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import {
  type Barriers,
  EXTENDED_WITHIN_MS,
  type FreezeObserved,
  type FreezeRequest,
  type FreezeStep,
  LONG_DUE_MS,
  nextFreezeStep,
  statedEndMs,
  tiersBefore,
  type Waiting,
} from './freeze-steps.ts';

/** What is known of a campaign's list, for conditions and status. */
export type FreezeState =
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  | { readonly kind: 'publishing' }
  | Extract<FreezeStep, { readonly kind: 'done' }>
  /** The journal did not answer; asked again. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** The entry is stored, but can't be read by this release. */
  | { readonly kind: 'unreadable'; readonly message: string };

interface FreezeKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is frozen here. */
  readonly journal: FreezeJournal | undefined;
  readonly shards: number;
  readonly site: string;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
  /** Unique in all processes. */
  readonly newAttempt?: () => string;
}

/** Of one step; the journal's own requests end after 3 s. */
const STEP_DEADLINE_MS = 8_000;
/** The draw Job takes minutes to make the list. */
const LISTED_LOOK_MS = 5_000;
const AFTER_FAILURE_MS = 2_000;

export class FreezeKeeper {
  readonly #deps: FreezeKeeperDeps;
  #decided: FreezeObserved['decided'] = {};
  #isAsked = false;
  #barriers: Barriers | undefined;
  /** One try to publish; kept until all shards have acknowledged, so that a repetition makes no second barrier. */
  #attempt: { readonly id: string; readonly of: Barriers['of']; readonly endsAtMs: number } | undefined;
  #state: FreezeState | undefined;
  #inFlight: Promise<void> | undefined;
  #isAppending = false;
  #published: PublishedWindow | undefined;
  #isPublishedKnown = false;
  #announcedMs: number | undefined;
  /** The first look. */
  #beganAtMs: number | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(deps: FreezeKeeperDeps) {
    this.#deps = deps;
  }

  /** Undefined until the journal was asked once. */
  get state(): FreezeState | undefined {
    return this.#state;
  }

  /** What pods follow, as it was read or written last. Undefined: unknown, or nothing was ever published. */
  get published(): PublishedWindow | undefined {
    return this.#published;
  }

  /** This process has published it. @param window undefined: it may have */
  notePublished(window: PublishedWindow | undefined): void {
    this.#isPublishedKnown = window !== undefined;
    if (window !== undefined) this.#published = window;
  }

  /** Resolves when no step is under way. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /**
   * Whether pods must not be given this end. A tick whose plan did not know of it decides again.
   *
   * | known of the list          | published to pods       | forbidden         |
   * |----------------------------|-------------------------|-------------------|
   * | nothing is frozen here     | any                     | none              |
   * | frozen                     | any                     | a later end than the freeze |
   * | not asked yet              | unknown, or nothing     | every end         |
   * | not asked yet              | an end                  | a later one       |
   * | not frozen                 | an end that was 10 s ago | a later one, unless the status announces it |
   * | not frozen, being appended | any                     | one in the future |
   */
  forbids(window: PublishedWindow, nowMs: number): boolean {
    if (this.#deps.journal === undefined) return false;
    const endsAtMs = statedEndMs(window);
    const { frozen } = this.#decided;
    if (frozen !== undefined) return endsAtMs > Date.parse(frozen.at);
    const publishedMs =
      this.#published === undefined ? undefined : Math.max(statedEndMs(this.#published), this.#announcedMs ?? 0);
    const isLater = publishedMs === undefined || endsAtMs > publishedMs;
    if (!this.#isAsked) return isLater;
    if (publishedMs !== undefined && isLater && nowMs >= publishedMs + EXTENDED_WITHIN_MS) return true;
    return this.#isAppending && endsAtMs > nowMs;
  }

  /** Takes one step when it is time. Returns at once and never throws. */
  keep(request: FreezeRequest, signal: AbortSignal): void {
    this.#announcedMs = request.announcedMs;
    const { clock, journal } = this.#deps;
    if (journal === undefined || this.#inFlight !== undefined || clock.monotonicMs() < this.#notBeforeMs) return;
    if (this.#decided.listed !== undefined) return;
    // Once for every campaign: an adopted journal may be frozen although the window is in the future.
    const isKnown = this.#isAsked && this.#isPublishedKnown && !this.#isAppending;
    if (isKnown && this.#decided.frozen === undefined && clock.now() < statedEndMs(request)) {
      this.#show(this.#observed(request, [], undefined));
      return;
    }
    this.#inFlight = within(clock, STEP_DEADLINE_MS, signal, (inner) => this.#look(journal, request, inner))
      .catch((error: unknown) => this.#failed(error, signal))
      .finally(() => {
        this.#inFlight = undefined;
      });
  }

  async #look(journal: FreezeJournal, request: FreezeRequest, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const { campaignId, tiers } = request;
    // First: an account that may not read the control stream can publish settings with the same end.
    if (!this.#isPublishedKnown) await this.#readPublished(journal, campaignId, signal);
    this.#decided = await journal.decided(campaignId, signal);
    this.#isAppending = false;
    const isDue = this.#decided.frozen === undefined && clock.now() >= statedEndMs(request);
    const published = isDue ? await this.#readPublished(journal, campaignId, signal) : undefined;
    const endsAtMs = isDue
      ? Math.max(statedEndMs(request), published === undefined ? 0 : statedEndMs(published))
      : undefined;
    this.#beganAtMs ??= clock.now();
    this.#isAsked = true;
    const made = this.#barriers;
    const positions =
      isDue && made !== undefined
        ? await journal.positions(campaignId, made.sequences, tiersBefore(made.of, tiers), signal)
        : [];
    const step = this.#show(this.#observed(request, positions, endsAtMs));
    if (step.kind === 'publishBarriers') await this.#publish(journal, request, step, signal);
    if (step.kind === 'append') await this.#append(journal, request, step, signal);
    if (step.kind === 'done') this.#notBeforeMs = clock.monotonicMs() + LISTED_LOOK_MS;
  }

  async #readPublished(
    journal: FreezeJournal,
    campaignId: string,
    signal: AbortSignal,
  ): Promise<PublishedWindow | undefined> {
    const published = await journal.published(campaignId, signal);
    this.#isPublishedKnown = true;
    this.#published = published;
    return published;
  }

  async #publish(
    journal: FreezeJournal,
    { campaignId }: FreezeRequest,
    { of, endsAtMs }: Extract<FreezeStep, { kind: 'publishBarriers' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, shards, site, assertLeading, newAttempt = randomUUID } = this.#deps;
    if (this.#attempt?.of !== of || this.#attempt.endsAtMs !== endsAtMs) {
      this.#attempt = { id: newAttempt(), of, endsAtMs };
    }
    assertLeading?.();
    const at = new Date(clock.now()).toISOString();
    const made = await journal.publishBarriers({ campaignId, shards, attempt: this.#attempt.id, at, site }, signal);
    this.#barriers = { of, ...made, endsAtMs, madeAtMs: clock.now() };
    this.#attempt = undefined;
  }

  async #append(
    journal: FreezeJournal,
    { campaignId, unverified, excluded = [] }: FreezeRequest,
    { barriers, endsAtMs }: Extract<FreezeStep, { kind: 'append' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, assertLeading } = this.#deps;
    this.#isAppending = true;
    // Read after `forbids` holds: a closing that was moved before is seen here, and one that is moved later reaches no pod.
    const published = await this.#readPublished(journal, campaignId, signal);
    if (published !== undefined && statedEndMs(published) > endsAtMs) {
      this.#isAppending = false;
      return;
    }
    assertLeading?.();
    const at = new Date(clock.now()).toISOString();
    const leftOut = excluded.length === 0 ? {} : { excluded };
    const frozen = await journal.freeze({ v: 1, campaignId, at, barriers, unverified, ...leftOut }, signal);
    this.#decided = { frozen };
    this.#state = { kind: 'done', frozen };
  }

  #observed(
    request: FreezeRequest,
    positions: readonly ConsumerPosition[],
    endsAtMs: number | undefined,
  ): FreezeObserved {
    const { clock } = this.#deps;
    const beganAtMs = this.#beganAtMs;
    const isLongDue = beganAtMs !== undefined && endsAtMs !== undefined && beganAtMs > endsAtMs + LONG_DUE_MS;
    return {
      nowMs: clock.now(),
      request,
      endsAtMs,
      decided: this.#decided,
      notBeforeMs: isLongDue ? beganAtMs + LONG_DUE_MS : undefined,
      barriers: this.#barriers,
      positions,
    };
  }

  #show(observed: FreezeObserved): FreezeStep {
    const step = nextFreezeStep(observed);
    if (step.kind === 'done') this.#state = step;
    else if (step.kind === 'wait') this.#state = { kind: 'waiting', waiting: step.waiting };
    else this.#state = { kind: 'publishing' };
    return step;
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + AFTER_FAILURE_MS;
    const message = error instanceof Error ? error.message : String(error);
    // An entry that was appended counts, whether or not the journal answers now.
    if (this.#decided.frozen !== undefined && !(error instanceof ControlEntryError)) return;
    this.#state = { kind: error instanceof ControlEntryError ? 'unreadable' : 'unknown', message };
  }
}

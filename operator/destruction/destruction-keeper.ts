/**
 * Destroys the personal data of one campaign when it is due, one step a tick and without delaying it. What must survive this process is
 * in the journal.
 */
import { ControlEntryError } from '../../contract/decisions/control-schema.ts';
import type { DestructionJournal } from '../../journal/privacy/destroying.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import {
  type DestructionObserved,
  type DestructionRequest,
  type DestructionStep,
  nextDestructionStep,
  type SecretSeen,
} from './destruction-steps.ts';

export interface SecretEmptier {
  /** Removes every key of the Secret, which then is known to be empty. A Secret that does not exist is empty. */
  empty(namespace: string, name: string, signal: AbortSignal): Promise<'emptied' | 'forbidden'>;
}

/** What is known, for conditions and status. */
export type DestructionState =
  | Extract<DestructionStep, { readonly kind: 'wait' | 'done' }>
  | { readonly kind: 'destroying'; readonly step: Exclude<DestructionStep, { readonly kind: 'wait' | 'done' }> }
  /** The data keys are destroyed, and a person must empty the Secret; with `users`: other campaigns need it. */
  | (Extract<DestructionStep, { readonly kind: 'emptySecret' }> & {
      readonly isForbidden: true;
      readonly users: readonly string[];
    })
  /** The journal or the API server did not answer; tried again. */
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string };

interface DestructionKeeperDeps {
  readonly clock: Clock;
  /** Absent: nothing is destroyed here. */
  readonly journal: DestructionJournal | undefined;
  /** Absent: a person empties the Secret. */
  readonly secrets: SecretEmptier | undefined;
  /** Identity of this process, for the certificate. */
  readonly operator: string;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
}

const STEP_DEADLINE_MS = 15_000;
const AFTER_FAILURE_MS = 5_000;
/** While a person must act. */
const FORBIDDEN_LOOK_MS = 15_000;
/** A bucket that a backup restored is destroyed again. */
const DONE_LOOK_MS = 60_000;

export class DestructionKeeper {
  readonly #deps: DestructionKeeperDeps;
  #state: DestructionState | undefined;
  #secret: SecretSeen = { kind: 'unknown' };
  #isAsked = false;
  #isOrdered = false;
  #inFlight: Promise<void> | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DestructionKeeperDeps) {
    this.#deps = deps;
  }

  /** Undefined until the journal was asked once. */
  get state(): DestructionState | undefined {
    return this.#state;
  }

  /** Resolves when no step is under way. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Takes one step when it is time. Returns at once and never throws. */
  keep(request: DestructionRequest, signal: AbortSignal): void {
    const { clock, journal } = this.#deps;
    if (journal === undefined || this.#inFlight !== undefined || clock.monotonicMs() < this.#notBeforeMs) return;
    if (this.#isAsked && !this.#isOrdered) {
      // Nothing is stored, and only this leader appends the order.
      const step = nextDestructionStep(this.#observed(request, {}, undefined));
      if (step.kind === 'wait') {
        this.#state = step;
        return;
      }
    }
    this.#inFlight = within(clock, STEP_DEADLINE_MS, signal, (inner) => this.#look(journal, request, inner))
      .catch((error: unknown) => this.#failed(error, signal))
      .finally(() => {
        this.#inFlight = undefined;
      });
  }

  async #look(journal: DestructionJournal, request: DestructionRequest, signal: AbortSignal): Promise<void> {
    const { clock, assertLeading } = this.#deps;
    const { campaignId } = request;
    const decided = await journal.decided(campaignId, signal);
    this.#isAsked = true;
    this.#isOrdered = decided.destroying !== undefined;
    const seen = this.#isOrdered ? await journal.keys(campaignId, signal) : undefined;
    if (request.keysInPods === 0 && this.#secret.kind === 'forbidden') {
      this.#secret = { kind: 'emptied', atMs: clock.now(), by: 'pods' };
    }
    const step = nextDestructionStep(this.#observed(request, decided, seen?.destroyedAtMs));
    if (step.kind === 'wait' || step.kind === 'done') this.#state = step;
    else if (this.#state?.kind !== 'emptySecret') this.#state = { kind: 'destroying', step };
    if (step.kind === 'done') this.#notBeforeMs = clock.monotonicMs() + DONE_LOOK_MS;
    if (step.kind === 'wait' || step.kind === 'done') return;
    assertLeading?.();
    await this.#take(journal, request, step, signal);
  }

  async #take(
    journal: DestructionJournal,
    request: DestructionRequest,
    step: Exclude<DestructionStep, { readonly kind: 'wait' | 'done' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, operator } = this.#deps;
    const { campaignId, command } = request;
    const at = new Date(clock.now()).toISOString();
    switch (step.kind) {
      case 'order': {
        const { names, serverMs } = await journal.keys(campaignId, signal);
        // Two clocks must have the date.
        if (step.cause === 'Date' && serverMs < request.dueAtMs) {
          throw new Error(
            `it is due by the operator's clock (${at}), but not by the clock of the journal's server (${new Date(serverMs).toISOString()}): synchronise both with NTP`,
          );
        }
        const said =
          step.cause === 'Command' && command !== undefined ? { who: command.who, reason: command.reason } : {};
        const { secretName: secret, streams } = request;
        await journal.order({ v: 1, campaignId, at, cause: step.cause, ...said, keys: names, streams, secret }, signal);
        this.#isOrdered = true;
        return;
      }
      case 'destroyKeys':
        await journal.destroyKeys(campaignId, at, signal);
        return;
      case 'emptySecret':
        await this.#emptySecret(request, step, signal);
        return;
      case 'complete': {
        const { atMs, by: secretCheckedBy } = step.secretEmptied;
        const keysDestroyedAt = new Date(step.keysDestroyedAtMs).toISOString();
        const secretEmptiedAt = new Date(atMs).toISOString();
        const end = { v: 1, campaignId, at, keysDestroyedAt, secretEmptiedAt, secretCheckedBy, operator } as const;
        const destroyed = await journal.complete(end, signal);
        this.#state = { kind: 'done', order: step.order, destroyed };
      }
    }
  }

  async #emptySecret(
    { namespace, secretName, secretUsers: users }: DestructionRequest,
    step: Extract<DestructionStep, { readonly kind: 'emptySecret' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, secrets } = this.#deps;
    const isNeeded = users.length > 0;
    const result = isNeeded ? 'forbidden' : ((await secrets?.empty(namespace, secretName, signal)) ?? 'forbidden');
    if (result === 'emptied') {
      this.#secret = { kind: 'emptied', atMs: clock.now(), by: 'operator' };
      return;
    }
    this.#secret = { kind: 'forbidden' };
    this.#state = { ...step, isForbidden: true, users };
    this.#notBeforeMs = clock.monotonicMs() + FORBIDDEN_LOOK_MS;
  }

  #observed(
    request: DestructionRequest,
    decided: DestructionObserved['decided'],
    keysDestroyedAtMs: number | undefined,
  ): DestructionObserved {
    return { nowMs: this.#deps.clock.now(), request, decided, keysDestroyedAtMs, secret: this.#secret };
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + AFTER_FAILURE_MS;
    const message = error instanceof Error ? error.message : String(error);
    // What is completed stays so, whether or not the journal answers now.
    if (this.#state?.kind === 'done' && !(error instanceof ControlEntryError)) return;
    this.#state = { kind: error instanceof ControlEntryError ? 'unreadable' : 'unknown', message };
  }
}

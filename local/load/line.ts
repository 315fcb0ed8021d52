/**
 * A citizen in the waiting room: keeps the ticket, asks as often as the server says, and comes when it is their turn.
 *
 * | answer                   | page |
 * |--------------------------|------|
 * | 202 with pollAfterSeconds | waits so long, asks again |
 * | 200 with an admission    | registers with it |
 * | 410, 422                 | the place is lost: registers without it, and may get a new ticket |
 * | other, or none           | waits half as long again as the last time, asks again |
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type TurnAnswer =
  | { readonly kind: 'waits'; readonly pollAfterMs: number }
  | { readonly kind: 'turn'; readonly admission: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'unknown' };

const LONGER = 1.5;
const LONGEST_MS = 60_000;

/** @returns the admission; undefined: the place is lost, or the run has ended */
export const waitForTurn = async (
  ask: () => Promise<TurnAnswer>,
  firstPollMs: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  for (let pollMs = firstPollMs; ; ) {
    try {
      await sleep(pollMs, undefined, { signal });
    } catch {
      return undefined;
    }
    const answer = await ask();
    switch (answer.kind) {
      case 'turn':
        return answer.admission;
      case 'lost':
        return undefined;
      case 'waits':
        pollMs = answer.pollAfterMs;
        break;
      case 'unknown':
        pollMs = Math.min(LONGEST_MS, Math.max(500, pollMs * LONGER));
    }
  }
};

/** Pages ask every 4 to 6 s when their turn is near, and an answer takes time: so late a turn is not another's fault. */
const ASKS_WITHIN_MS = 8_000;
/** Pods take numbers in blocks of up to so many (contract/crowd/queue.ts). */
const BLOCK = 1_000;

/**
 * Order of service against order of arrival. A citizen was overtaken when a number that is greater by more than a block was served more
 * than 8 s earlier. A data structure without a clock; it remembers 8 s.
 */
export class ServiceOrder {
  overtaken = 0;
  readonly #block: number;
  #recent: { readonly atMs: number; readonly number: number }[] = [];
  /** Greatest number that was served before what is remembered. */
  #before = 0;

  constructor(block = BLOCK) {
    this.#block = block;
  }

  served(number: number, atMs: number): void {
    const due = this.#recent.findIndex((one) => one.atMs >= atMs - ASKS_WITHIN_MS);
    const gone = this.#recent.splice(0, due < 0 ? this.#recent.length : due);
    for (const one of gone) this.#before = Math.max(this.#before, one.number);
    this.#recent.push({ atMs, number });
    if (this.#before > number + this.#block) this.overtaken += 1;
  }
}

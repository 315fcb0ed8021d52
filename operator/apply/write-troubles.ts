/** What the API server did not take of one campaign. A refusal is shown at once, another failure only when it lasts. */
import type { Clock } from '../../runtime/clock.ts';
import type { DecisionStore } from '../history/decision-keeper.ts';
import type { WriteRefusal } from '../tick/tier-problem.ts';

/** What a writer's error has besides its message. */
interface Spoken {
  readonly said: string;
  /** The server refused it, and will again until something is changed. */
  readonly isRefusal: boolean;
}

const isSpoken = (cause: unknown): cause is Error & Spoken =>
  cause instanceof Error &&
  'said' in cause &&
  typeof cause.said === 'string' &&
  'isRefusal' in cause &&
  typeof cause.isRefusal === 'boolean';

interface Trouble extends WriteRefusal {
  readonly lastMs: number;
}

/** A conflict, a server that restarts. */
const PASSES_WITHIN_MS = 5_000;
/** A write that was not tried for this long is not wanted any more. */
const FORGOTTEN_AFTER_MS = 30_000;

export class WriteTroubles {
  readonly #troubles = new Map<string, Trouble>();

  /** @param what such as `create Deployment chengdu-intake`; equal words are equal attempts */
  failed(what: string, cause: unknown, nowMs: number): void {
    const words = isSpoken(cause) ? cause.said : cause instanceof Error ? cause.message : String(cause);
    const isRefused = isSpoken(cause) && cause.isRefusal;
    const sinceMs = this.#troubles.get(what)?.sinceMs ?? nowMs;
    this.#troubles.set(what, { what, words, isRefused, sinceMs, lastMs: nowMs });
  }

  succeeded(what: string): void {
    this.#troubles.delete(what);
  }

  lasting(nowMs: number): readonly WriteRefusal[] {
    for (const [what, { lastMs }] of this.#troubles) {
      if (nowMs - lastMs > FORGOTTEN_AFTER_MS) this.#troubles.delete(what);
    }
    return [...this.#troubles.values()]
      .filter(({ isRefused, sinceMs }) => isRefused || nowMs - sinceMs >= PASSES_WITHIN_MS)
      .map(({ lastMs: _last, ...refusal }) => refusal);
  }
}

/** The log of decisions is written beside the ticks; its failures are noted as well. */
export const noting = (
  store: DecisionStore | undefined,
  troubles: WriteTroubles,
  clock: Pick<Clock, 'now'>,
): DecisionStore | undefined => {
  const what = 'write the log of decisions';
  return store === undefined
    ? undefined
    : {
        read: (campaign, signal) => store.read(campaign, signal),
        async write(campaign, texts, signal) {
          try {
            await store.write(campaign, texts, signal);
            troubles.succeeded(what);
          } catch (cause) {
            troubles.failed(what, cause, clock.now());
            throw cause;
          }
        },
      };
};

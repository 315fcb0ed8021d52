/** Sends canaries without delaying the tick. A canary's result only changes the status; it never scales anything down. */
import type { Clock } from '../../runtime/clock.ts';
import type { CanaryState } from '../signals/readings.ts';
import type { ObservedPod } from './cluster-view.ts';
import type { CanaryAsker } from './ports.ts';

/** After a canary that did not arrive: mostly a process is still starting. */
const AGAIN_AFTER_MS = 3_000;
/** After a canary that arrived: one row a minute shows that the way still works. */
const RENEW_AFTER_MS = 60_000;

export class CanaryKeeper {
  readonly #clock: Clock;
  readonly #asker: CanaryAsker;
  #state: CanaryState | undefined;
  #inFlight: Promise<void> | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  /** Another pod each time: one pod that is cut off must not decide for all. */
  #turn = 0;

  constructor(clock: Clock, asker: CanaryAsker) {
    this.#clock = clock;
    this.#asker = asker;
  }

  /** The last answer; undefined before the first one. */
  get state(): CanaryState | undefined {
    return this.#state;
  }

  /** Sends a canary when it is time. Returns at once. @param isWanted whether the campaign is to be proven now */
  keep(isWanted: boolean, intakes: readonly ObservedPod[], signal: AbortSignal): void {
    if (!isWanted || this.#inFlight !== undefined || !this.#isDue()) return;
    const urls = intakes.flatMap(({ ready, adminUrl }) => (ready && adminUrl !== undefined ? [adminUrl] : []));
    const url = urls[this.#turn % Math.max(1, urls.length)];
    if (url === undefined) return;
    this.#turn += 1;
    this.#inFlight = this.#ask(url, signal).finally(() => {
      this.#inFlight = undefined;
      this.#endedAtMs = this.#clock.monotonicMs();
    });
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  #isDue(): boolean {
    const waitMs = this.#state?.result === 'confirmed' ? RENEW_AFTER_MS : AGAIN_AFTER_MS;
    return this.#clock.monotonicMs() - this.#endedAtMs >= waitMs;
  }

  async #ask(url: string, signal: AbortSignal): Promise<void> {
    try {
      const report = await this.#asker.ask(url, signal);
      if (report !== undefined) this.#state = { ...report, atMs: this.#clock.now() };
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#state = { result: 'failed', reason: `no intake could be asked for it: ${reason}`, atMs: this.#clock.now() };
    }
  }
}

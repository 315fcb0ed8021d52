/** Reads what the Job `compare` reports, beside the ticks: its pod is busy for a second now and then, and no tick waits for it. */
import type { ComparisonReport } from '../../contract/compare.ts';
import type { ObservedCluster } from './cluster-view.ts';
import type { ComparisonReader } from './ports.ts';

const WITHIN_MS = 5_000;

export class ComparisonKeeper {
  readonly #reader: ComparisonReader | undefined;
  readonly #onFailure: (error: unknown) => void;
  #report: ComparisonReport | undefined;
  #inFlight: Promise<void> | undefined;

  /** @param reader absent: nothing is compared here */
  constructor(reader: ComparisonReader | undefined, onFailure: (error: unknown) => void) {
    this.#reader = reader;
    this.#onFailure = onFailure;
  }

  /** The last report that was read; undefined: none. */
  get report(): ComparisonReport | undefined {
    return this.#report;
  }

  /** Resolves when no read is under way. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Returns at once and never throws. */
  keep(cluster: Pick<ObservedCluster, 'jobs'>, signal: AbortSignal): void {
    if (this.#reader === undefined || this.#inFlight !== undefined) return;
    this.#inFlight = this.#reader
      .read(cluster, AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]))
      .then((report) => {
        this.#report = report ?? this.#report;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#onFailure(error);
      })
      .finally(() => {
        this.#inFlight = undefined;
      });
  }
}

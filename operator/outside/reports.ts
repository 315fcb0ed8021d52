/** What a pod reports about the outside systems that it asks (contract/outside/outside.ts). */
import type { StockReading } from '../../contract/outside/books.ts';
import type { OutsideBlock } from '../../contract/outside/outside.ts';

export const OUTCOMES = ['answered', 'retry', 'quota', 'refused'] as const;

/** Of one target. */
export interface TargetReport {
  /** Requests since the process started, by outcome. */
  readonly counts: Readonly<Record<(typeof OUTCOMES)[number], number>>;
  /** Why it is not asked now. */
  readonly blocked: readonly OutsideBlock[];
}

export interface OutsideReport {
  readonly pod: string;
  /** By the pod's clock: distinguishes a restart, after which its counters begin at zero. */
  readonly startedAtMs: number;
  readonly targets: Readonly<Record<string, TargetReport>>;
  /** Of an issuance pod: its last readings of the channels' stocks. Absent: none. */
  readonly stocks?: readonly StockReading[];
}

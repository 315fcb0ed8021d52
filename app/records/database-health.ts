/**
 * State in which a records process finds its database: by its commits, or by checks where it commits nothing. Pure: time is an
 * argument, in monotonic ms.
 *
 * | last commit            | last checks         | state |
 * |------------------------|---------------------|-------|
 * | none                   | none                | unknown |
 * | failed, none succeeded since | any           | its cause: a check only reads, which works with a full disk |
 * | succeeded, or none     | answered            | answers |
 * | succeeded, or none     | failed once         | as before: one failed check is not enough |
 * | succeeded, or none     | failed twice in a row, or refused by the server | its cause |
 *
 * A failure of commits counts from the time when the batch was taken.
 *
 * A full disk also ends the server, and a different next error does not mean that there is room: disk_full stays until a commit
 * succeeds.
 */
import type { DatabaseState, Found } from '../../contract/dependency.ts';
import type { WorkerHealth } from '../worker/run-worker.ts';
import { type DatabaseTrouble, RecordsStoreError } from './ports.ts';

/** Causes that one check proves; a slow answer may only mean a lock or a slow disk. */
const CERTAIN: readonly DatabaseTrouble[] = [
  'connections',
  'disk_full',
  'read_only',
  'credentials',
  'certificate',
  'missing',
  'unreachable',
  'starting',
];

interface Trouble {
  readonly kind: DatabaseTrouble;
  readonly sinceMs: number;
}

export class DatabaseHealth {
  #commit: Trouble | undefined;
  #look: Trouble | undefined;
  #failedLooks = 0;
  #firstFailedLookMs = 0;
  #isKnown = false;
  #wellSinceMs: number;
  readonly #inHand = new Map<number, number>();

  constructor(nowMs: number) {
    this.#wellSinceMs = nowMs;
  }

  /** From now on a shard's batch waits for its commit. */
  taken(shard: number, nowMs: number): void {
    this.#inHand.set(shard, nowMs);
  }

  /** It waits no more: committed, or left for redelivery. */
  settled(shard: number): void {
    this.#inHand.delete(shard);
  }

  committed(nowMs: number): void {
    this.#commit = undefined;
    this.#looksWell(nowMs);
  }

  commitFailed(kind: DatabaseTrouble, nowMs: number): void {
    const before = this.#commit;
    const stays = before?.kind === 'disk_full' ? 'disk_full' : kind;
    this.#commit = { kind: stays, sinceMs: before?.sinceMs ?? Math.min(nowMs, ...this.#inHand.values()) };
    this.#isKnown = true;
  }

  answered(nowMs: number): void {
    this.#looksWell(nowMs);
  }

  /** @param askedAtMs start of the check: the failure counts from then */
  lookFailed(kind: DatabaseTrouble, askedAtMs: number): void {
    this.#failedLooks += 1;
    if (this.#failedLooks === 1) this.#firstFailedLookMs = askedAtMs;
    this.#isKnown = true;
    if (this.#failedLooks < 2 && !CERTAIN.includes(kind)) return;
    this.#look = { kind, sinceMs: this.#look?.sinceMs ?? this.#firstFailedLookMs };
  }

  found(nowMs: number): Found & { readonly state: DatabaseState } {
    const trouble = this.#commit ?? this.#look;
    const seconds = (sinceMs: number): number => Math.max(0, nowMs - sinceMs) / 1000;
    if (trouble !== undefined) return { state: trouble.kind, seconds: seconds(trouble.sinceMs) };
    return { state: this.#isKnown ? 'answers' : 'unknown', seconds: seconds(this.#wellSinceMs) };
  }

  /** How long the oldest batch has waited for its commit. */
  inHandSeconds(nowMs: number): number {
    return this.#inHand.size === 0 ? 0 : Math.max(0, nowMs - Math.min(...this.#inHand.values())) / 1000;
  }

  #looksWell(nowMs: number): void {
    const wasTrouble = this.#look !== undefined || this.#commit !== undefined || !this.#isKnown;
    this.#failedLooks = 0;
    this.#look = undefined;
    this.#isKnown = true;
    if (wasTrouble && this.#commit === undefined) this.#wellSinceMs = nowMs;
  }
}

/** Reports a worker's commits to the database's health. */
export const commitHealth = (health: DatabaseHealth, monotonicMs: () => number): WorkerHealth => ({
  taken: (shard) => health.taken(shard, monotonicMs()),
  settled: (shard) => health.settled(shard),
  committed: () => health.committed(monotonicMs()),
  commitFailed(error) {
    if (error instanceof RecordsStoreError && error.kind === 'unavailable') {
      health.commitFailed(error.trouble, monotonicMs());
    }
  },
});

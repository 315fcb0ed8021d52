/**
 * How a records process finds its database: by its commits, and by a look of its own where it commits nothing. Pure: time
 * comes as an argument, in monotonic ms.
 *
 * | last commit            | last looks          | state |
 * |------------------------|---------------------|-------|
 * | none, nothing looked at | –                  | unknown |
 * | failed, and none came through since | any    | what it failed of: a look reads, and a full disk reads well |
 * | came through, or none  | answered            | answers |
 * | came through, or none  | failed once         | as it was: one look may be unlucky |
 * | came through, or none  | failed twice in a row, or refused by the server | what it failed of |
 *
 * Trouble with commits counts from when the batch was taken: that is since when nothing comes through.
 *
 * A full disk ends the server as well, and is not over because the next error is another one: disk_full stays until a
 * commit comes through.
 */
import type { DatabaseState } from '../../contract/app-contract.ts';
import type { Found } from '../../contract/dependency.ts';
import type { WorkerHealth } from '../worker/run-worker.ts';
import { type DatabaseTrouble, RecordsStoreError } from './ports.ts';

/** A batch that is told to be slow may wait for a lock or a slow disk; these are none of a moment. */
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

  /** A shard's batch waits for its commit from now on. */
  taken(shard: number, nowMs: number): void {
    this.#inHand.set(shard, nowMs);
  }

  /** It waits no more: committed, or left to be delivered again. */
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

  /** @param askedAtMs when the look began: that is since when it is so */
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

  /** How long the batch that waits longest has waited. */
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

/** What a worker finds on its way to the database. */
export const heardOfCommits = (health: DatabaseHealth, monotonicMs: () => number): WorkerHealth => ({
  taken: (shard) => health.taken(shard, monotonicMs()),
  settled: (shard) => health.settled(shard),
  committed: () => health.committed(monotonicMs()),
  commitFailed(error) {
    if (error instanceof RecordsStoreError && error.kind === 'unavailable') {
      health.commitFailed(error.trouble, monotonicMs());
    }
  },
});

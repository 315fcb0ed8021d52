/**
 * When a publish may be sent twice, and to which shard. Pure: time is an argument. Two parts:
 *
 * HedgeBudget — second copies are at most 10 % of publishes over 10 s. Worked example: 2,000 publishes in the last 10 s
 * allow 200 hedges; the 201st waits for its own answer instead. An idle system may always hedge five times.
 *
 * ShardHealth — a shard is silent when publishes wait and it has sent nothing for 300 ms. A slow shard that still sends
 * acknowledgements is not silent, however late they are: another shard would only get its load.
 */

const WINDOW_MS = 10_000;
const SLOT_MS = 1_000;
const HEDGES_PER_PUBLISH = 0.1;
const LEAST_HEDGES = 5;

export const SILENT_AFTER_MS = 300;
const PROBE_EVERY_MS = 1_000;

interface Slot {
  readonly startMs: number;
  publishes: number;
  hedges: number;
}

export class HedgeBudget {
  #slots: Slot[] = [];

  publish(nowMs: number): void {
    this.#slot(nowMs).publishes += 1;
  }

  hasRoom(nowMs: number): boolean {
    this.#slot(nowMs);
    const hedges = this.#slots.reduce((sum, slot) => sum + slot.hedges, 0);
    const publishes = this.#slots
      .filter(({ startMs }) => startMs > nowMs - WINDOW_MS)
      .reduce((sum, slot) => sum + slot.publishes, 0);
    return hedges < Math.max(LEAST_HEDGES, Math.floor(publishes * HEDGES_PER_PUBLISH));
  }

  /** Takes one hedge from the budget; false when it is empty. */
  take(nowMs: number): boolean {
    if (!this.hasRoom(nowMs)) return false;
    this.#slot(nowMs).hedges += 1;
    return true;
  }

  #slot(nowMs: number): Slot {
    const startMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
    const last = this.#slots.at(-1);
    if (last !== undefined && last.startMs === startMs) return last;
    // Keeps the slot that is only half inside the window: hedges are counted over slightly more than ten seconds, publishes
    // over slightly less, so that no window of ten seconds exceeds the share.
    this.#slots = this.#slots.filter((slot) => slot.startMs > nowMs - WINDOW_MS - SLOT_MS);
    const slot = { startMs, publishes: 0, hedges: 0 };
    this.#slots.push(slot);
    return slot;
  }
}

interface Shard {
  silent: boolean;
  heardAtMs: number;
  probedAtMs: number;
}

/** Longer than an election, shorter than a person needs to make room. */
const FULL_FOR_MS = 10_000;

export class ShardHealth {
  readonly #shards: readonly Shard[];
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(shards: number) {
    this.#shards = Array.from({ length: shards }, () => ({
      silent: false,
      heardAtMs: Number.NEGATIVE_INFINITY,
      probedAtMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Any answer of the shard's leader, also one that was too late for its publish. */
  heard(shard: number, nowMs: number): void {
    const state = this.#shards[shard];
    if (state === undefined) return;
    state.heardAtMs = nowMs;
    state.silent = false;
  }

  /** The leader refused for lack of space: an answer, and the likely cause of a silence that follows. */
  refusedAsFull(shard: number, nowMs: number): void {
    this.heard(shard, nowMs);
    this.#fullAtMs = nowMs;
  }

  /**
   * A server at its storage limit hands its leaderships to others, which are full as well: a few refusals, then silence
   * (nats-server, processClusteredInboundMsg).
   */
  wasFull(nowMs: number): boolean {
    return nowMs - this.#fullAtMs < FULL_FOR_MS;
  }

  /** A publish has waited for SILENT_AFTER_MS: the shard is silent unless it answered others meanwhile. */
  waited(shard: number, nowMs: number): void {
    const state = this.#shards[shard];
    if (state !== undefined && nowMs - state.heardAtMs >= SILENT_AFTER_MS) state.silent = true;
  }

  /** The shard certainly has no leader: an election, or a lost stream. */
  unreachable(shard: number): void {
    const state = this.#shards[shard];
    if (state !== undefined) state.silent = true;
  }

  allSilent(): boolean {
    return this.#shards.every(({ silent }) => silent);
  }

  /**
   * A new connection. If all shards were silent, the old connection was the cause, and all count as healthy again. A single
   * silent shard stays silent, because others answered on the same connection.
   */
  reconnected(nowMs: number): void {
    const wasConnection = this.allSilent();
    for (const state of this.#shards) {
      state.heardAtMs = nowMs;
      if (wasConnection) state.silent = false;
    }
  }

  /**
   * Where a new publish goes first. A probe is a citizen's registration, so it needs room for a hedge where another shard is
   * healthy. With all shards silent a probe is the only way back.
   *
   * | home    | probe due | others       | budget | first |
   * |---------|-----------|--------------|--------|-------|
   * | healthy | –         | –            | –      | home |
   * | silent  | yes       | one healthy  | room   | home: the one probe a second |
   * | silent  | yes       | one healthy  | empty  | the next healthy one |
   * | silent  | no        | one healthy  | –      | the next healthy one |
   * | silent  | yes       | all silent   | –      | home: the one probe a second |
   * | silent  | no        | all silent   | –      | none: undefined |
   */
  first(home: number, nowMs: number, hasRoom: boolean): number | undefined {
    const state = this.#shards[home];
    if (state === undefined || !state.silent) return state && home;
    const other = this.next(home, new Set([home]));
    const isDue = nowMs - state.probedAtMs >= PROBE_EVERY_MS;
    if (!isDue || (other !== undefined && !hasRoom)) return other;
    state.probedAtMs = nowMs;
    return home;
  }

  /** The next healthy shard that was not tried, in ring order from home. */
  next(home: number, tried: ReadonlySet<number>): number | undefined {
    for (let step = 1; step <= this.#shards.length; step += 1) {
      const shard = (home + step) % this.#shards.length;
      if (!tried.has(shard) && this.#shards[shard]?.silent === false) return shard;
    }
    return undefined;
  }
}

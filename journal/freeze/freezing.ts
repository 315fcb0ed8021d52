/** What the operator asks of a campaign's journal to freeze its list. */
import type { Frozen, Listed } from '../../contract/decisions/control.ts';
import type { DrawStep } from '../../contract/decisions/draw.ts';
import type { ChainEntry } from '../../contract/decisions/draw-chain.ts';
import type { ExcludedWinners } from '../../contract/decisions/exclusion.ts';
import type { Tier } from '../../contract/tiers.ts';

/** How far a tier's consumer is in one shard. */
export interface ConsumerPosition {
  readonly tier: Tier;
  readonly shard: number;
  /** Everything up to here that the tier takes is acknowledged. 0: nothing is. */
  readonly acknowledged: number;
}

/** Which instants pods follow, as they are published to them. */
export interface PublishedWindow {
  readonly closesAtMs: number;
  readonly verifyByMs?: number;
}

export interface BarrierRequest {
  readonly campaignId: string;
  readonly shards: number;
  /** Unique for each try to freeze; a repetition with the same one makes no second barrier. */
  readonly attempt: string;
  readonly at: string;
  readonly site: string;
}

export interface FreezeJournal {
  /** The entries of the control stream. @throws Error when they are unknown, ControlEntryError when one can't be read */
  decided(campaignId: string, signal: AbortSignal): Promise<{ readonly frozen?: Frozen; readonly listed?: Listed }>;
  /**
   * The list of the winners of an earlier campaign. Undefined: there is none.
   * @param of its campaignId @throws Error when that is unknown, ControlEntryError when the entry can't be read
   */
  excludedWinners(campaignId: string, of: string, signal: AbortSignal): Promise<ExcludedWinners | undefined>;
  /** Undefined: nothing was ever published to pods. Asked of the bucket's leader. @throws Error when it is unknown, or may be old */
  published(campaignId: string, signal: AbortSignal): Promise<PublishedWindow | undefined>;
  /**
   * Publishes one barrier a shard.
   * @returns its acknowledged sequence, by shard: every message that was acknowledged before the call is below it; and when the first
   *   of them was stored, by the clocks of the journal's servers
   * @throws Error when one is unknown; the same attempt again is safe
   */
  publishBarriers(
    request: BarrierRequest,
    signal: AbortSignal,
  ): Promise<{ readonly sequences: readonly number[]; readonly storedAtMs: number }>;
  /**
   * Of every shard, as far as its barrier. A leader that was deposed may be behind, never ahead.
   * @throws Error when one is unknown
   */
  positions(
    campaignId: string,
    barriers: readonly number[],
    tiers: readonly Tier[],
    signal: AbortSignal,
  ): Promise<readonly ConsumerPosition[]>;
  /** Appends the entry unless there is one. @returns the one that counts. @throws Error when it is unknown; again is safe */
  freeze(frozen: Frozen, signal: AbortSignal): Promise<Frozen>;
  /** All steps of the draw. @throws Error when they are unknown, ControlEntryError when one can't be read */
  steps(campaignId: string, signal: AbortSignal): Promise<readonly ChainEntry[]>;
  /** @param after sequence of the last step. @returns false: another one was appended meanwhile. @throws Error when it is unknown */
  appendStep(campaignId: string, step: DrawStep, after: number, signal: AbortSignal): Promise<boolean>;
}

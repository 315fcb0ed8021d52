/**
 * Writes a campaign's shares without delaying its tick: at most once a second, and only what differs. What this process did
 * not write, or does not know to be written, it reads again, and then raises nothing for SHARE_VALID_MS.
 */

import type { OutsideShares } from '../../contract/outside/outside.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { SharesStore } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { HandOut, OutsideMemory } from './hand-out.ts';
import { type InForce, inherited, NO_SHARES, replaced } from './in-force.ts';

const CALL_DEADLINE_MS = 2_000;
const WRITE_EVERY_MS = 1_000;
/** Also while nothing changes: the bucket may have been lost, or another operator may have written. */
const READ_EVERY_MS = 10_000;

/** What a tick knows of a tier's shares. */
export interface KnownShares {
  /** Undefined: not read yet, or not known to be written. */
  readonly inForce: InForce | undefined;
  readonly memory: OutsideMemory | undefined;
}

interface SharesKeeperDeps {
  readonly clock: Clock;
  /** Absent: no shares are kept, and no outside system is asked. */
  readonly store: SharesStore | undefined;
  readonly onFailure: (campaign: VoucherCampaign, cause: unknown) => void;
}

interface Kept {
  inForce?: InForce | undefined;
  memory?: OutsideMemory;
  inFlight: boolean;
  notBeforeMs: number;
  /** When it was last read or written. */
  seenAtMs: number;
}

export class SharesKeeper {
  readonly #deps: SharesKeeperDeps;
  readonly #tiers = new Map<Tier, Kept>();
  readonly #calls = new Set<Promise<void>>();

  constructor(deps: SharesKeeperDeps) {
    this.#deps = deps;
  }

  known(tier: Tier): KnownShares {
    const { inForce, memory } = this.#of(tier);
    return { inForce, memory };
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#calls);
  }

  /** Returns at once and never throws. @param planned undefined: the shares in force are not known yet */
  keep(campaign: VoucherCampaign, tier: Tier, planned: HandOut | undefined, signal: AbortSignal): void {
    const { clock, store, onFailure } = this.#deps;
    const kept = this.#of(tier);
    if (planned !== undefined) kept.memory = planned.memory;
    if (store === undefined || kept.inFlight || clock.monotonicMs() < kept.notBeforeMs) return;
    const { inForce } = kept;
    // What was decided from other shares than those in force now waits for the next tick.
    const isDue = planned !== undefined && planned.basedOn === inForce && !isEqual(planned.next, inForce.value);
    const nowMs = clock.monotonicMs();
    if (inForce !== undefined && !isDue && nowMs < kept.seenAtMs + READ_EVERY_MS) return;
    kept.inFlight = true;
    kept.notBeforeMs = nowMs + WRITE_EVERY_MS;
    kept.seenAtMs = nowMs;
    const where = { store, campaignId: campaign.spec.campaignId, tier, signal };
    const call: Promise<void> = (isDue ? this.#write(where, planned) : this.#read(where, inForce))
      .then(
        (now) => {
          kept.inForce = now;
        },
        (cause: unknown) => {
          // It may have been written, or not.
          kept.inForce = undefined;
          if (!signal.aborted) onFailure(campaign, cause);
        },
      )
      .finally(() => {
        kept.inFlight = false;
        this.#calls.delete(call);
      });
    this.#calls.add(call);
  }

  #of(tier: Tier): Kept {
    const known = this.#tiers.get(tier);
    if (known !== undefined) return known;
    const kept: Kept = { inFlight: false, notBeforeMs: Number.NEGATIVE_INFINITY, seenAtMs: Number.NEGATIVE_INFINITY };
    this.#tiers.set(tier, kept);
    return kept;
  }

  async #read(where: Where, known: InForce | undefined): Promise<InForce | undefined> {
    const { store, campaignId, tier, signal } = where;
    const { clock } = this.#deps;
    const read = await within(clock, CALL_DEADLINE_MS, signal, (inner) => store.read(campaignId, tier, inner));
    if (read.revision === known?.revision && isEqual(read.value ?? NO_SHARES, known.value)) return known;
    if (read.value !== undefined || read.revision === 0) {
      return inherited(read.value ?? NO_SHARES, read.revision, clock.monotonicMs());
    }
    // Pods may be able to read what this operator can't: it counts until it has been replaced.
    const revision = await this.#put(where, NO_SHARES, read.revision);
    return revision === undefined ? undefined : inherited(NO_SHARES, revision, clock.monotonicMs());
  }

  async #write(where: Where, { basedOn, next }: HandOut): Promise<InForce | undefined> {
    const revision = await this.#put(where, next, basedOn.revision);
    return revision === undefined ? undefined : replaced(basedOn, next, revision, this.#deps.clock.monotonicMs());
  }

  #put({ store, campaignId, tier, signal }: Where, value: OutsideShares, revision: number) {
    return within(this.#deps.clock, CALL_DEADLINE_MS, signal, (inner) =>
      store.write(campaignId, tier, value, revision, inner),
    );
  }
}

interface Where {
  readonly store: SharesStore;
  readonly campaignId: string;
  readonly tier: Tier;
  readonly signal: AbortSignal;
}

/** Without regard to the order of keys. */
const isEqual = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

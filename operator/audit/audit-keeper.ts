/**
 * Keeps the trail of one campaign, and never holds up its tick: appending happens beside it, on what the newest tick saw.
 * What an outage kept out is still missing afterwards, so nothing is queued; only the sizes of raised tiers are
 * remembered, because nobody sees them again.
 */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { AuditLog } from '../../journal/trail.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { Absences } from '../tick/absences.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';
import type { ScaleWrite, TickPlan } from '../tick/tick-plan.ts';
import { bringUpToDate, type KnownTrail } from './audit-writer.ts';
import type { GrantUse } from './plan-entries.ts';
import { type AuditView, grantUses, missingEntries } from './step-entries.ts';

/** A long trail is read in this. */
const DEADLINE_MS = 30_000;
/** A thousand campaigns that each try again every second would tell nothing but that. */
const AFTER_FAILURE_MS = 10_000;

export interface AuditKeeperDeps {
  readonly clock: Clock;
  /** Absent where nothing is kept. */
  readonly log: AuditLog | undefined;
  readonly site: string;
  readonly onFailure: (campaign: VoucherCampaign, cause: unknown) => void;
}

/** What a tick saw and did. */
export interface Tick {
  readonly campaign: VoucherCampaign;
  readonly cluster: ObservedCluster;
  readonly planned: TickPlan;
  /** Scale writes that the API server took. */
  readonly written: readonly ScaleWrite[];
  readonly nowMs: number;
}

export class AuditKeeper {
  readonly #deps: AuditKeeperDeps;
  readonly #absences = new Absences();
  /** By plan and tier: the first one counts. */
  readonly #uses = new Map<string, GrantUse>();
  #known: KnownTrail | undefined;
  #newest: Tick | undefined;
  #inFlight = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(deps: AuditKeeperDeps) {
    this.#deps = deps;
  }

  /** Takes note of a tick. Returns at once and never throws. */
  note(tick: Tick, signal: AbortSignal): void {
    const { clock, log } = this.#deps;
    if (log === undefined) return;
    const { campaign, cluster, planned, written, nowMs } = tick;
    for (const use of grantUses(campaign.spec.scaling.authorized, cluster.plans, planned.tiers, written, nowMs)) {
      const key = `${use.planUid}/${use.tier}`;
      if (!this.#uses.has(key)) this.#uses.set(key, use);
    }
    this.#newest = tick;
    if (this.#inFlight || clock.monotonicMs() < this.#notBeforeMs) return;
    this.#inFlight = true;
    void this.#keep(log, signal).finally(() => {
      this.#inFlight = false;
    });
  }

  async #keep(log: AuditLog, signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#deps;
    while (this.#newest !== undefined && !signal.aborted) {
      const { campaign, cluster, planned, nowMs } = this.#newest;
      this.#newest = undefined;
      try {
        this.#known = await within(clock, DEADLINE_MS, signal, (inner) =>
          bringUpToDate(
            log,
            campaign.spec.campaignId,
            this.#known,
            (trail) => {
              const there = new Set(cluster.plans.map(({ metadata }) => metadata.uid ?? metadata.name));
              const gonePlans = this.#absences.gone(trail.plans.keys(), (uid) => there.has(uid), clock.monotonicMs());
              const view: AuditView = {
                campaign,
                site: this.#deps.site,
                status: planned.status,
                plans: cluster.plans,
                uses: [...this.#uses.values()],
                gonePlans,
                nowMs,
              };
              return missingEntries(view, trail);
            },
            inner,
          ),
        );
      } catch (cause) {
        this.#known = undefined;
        this.#notBeforeMs = clock.monotonicMs() + AFTER_FAILURE_MS;
        if (!signal.aborted) onFailure(campaign, cause);
        return;
      }
      const { trail } = this.#known;
      for (const [key, { planUid, tier }] of this.#uses)
        if (trail.has(`${planUid}/used-${tier}`)) this.#uses.delete(key);
    }
  }
}

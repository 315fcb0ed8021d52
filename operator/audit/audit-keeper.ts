/**
 * Keeps the trail of one campaign without delaying its tick: it appends what the newest tick shows to be missing. Entries
 * that an outage prevented are still missing afterwards, so there is no queue; only raises beyond the base ceiling are
 * remembered, because they can't be seen later.
 */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { AuditLog } from '../../journal/trail.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { Absences } from '../tick/absences.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';
import type { ScaleWrite, TickPlan } from '../tick/tick-plan.ts';
import { bringUpToDate, type KnownTrail } from './audit-writer.ts';
import type { GrantUse } from './plan-entries.ts';
import { type AuditView, grantUses, missingEntries } from './step-entries.ts';

/** Enough to read a long trail. */
const DEADLINE_MS = 30_000;
/** A thousand campaigns that each retry every second would fill the log. */
const AFTER_FAILURE_MS = 10_000;

interface AuditKeeperDeps {
  readonly clock: Clock;
  readonly log: AuditLog | undefined;
  readonly site: string;
  readonly onFailure: (campaign: VoucherCampaign, cause: unknown) => void;
}

export interface Tick {
  readonly campaign: VoucherCampaign;
  readonly cluster: ObservedCluster;
  readonly planned: TickPlan;
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

  /** Notes a tick. Returns at once and never throws. */
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

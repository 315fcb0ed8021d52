/** Ends the trails of campaigns that are gone, also of those that were deleted while no operator ran. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { AuditLog } from '../../journal/trail.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
import { Absences } from '../tick/absences.ts';
import { bringUpToDate, type KnownTrail } from './audit-writer.ts';
import type { AuditEntry } from './entry.ts';
import { planUid } from './plan-entries.ts';
import { remainingEntries } from './step-entries.ts';
import type { Trail, TrailedCampaign } from './trail-state.ts';

const EVERY_MS = 5_000;
const DEADLINE_MS = 30_000;

export interface Living {
  campaigns(): Iterable<VoucherCampaign>;
  /** Plans outlive their campaign. */
  plansOf(campaignId: string): readonly ScalePlan[];
}

interface AuditSweeperDeps {
  readonly clock: Clock;
  readonly log: AuditLog;
  readonly living: Living;
  readonly site: string;
  /** Empty: all. Trails of other namespaces belong to other operators. */
  readonly watchNamespaces: readonly string[];
  /** Whether all campaigns of this namespace are seen now: in another one a campaign that is not seen may exist. */
  readonly isServed: (namespace: string) => boolean;
  readonly onFailure: (cause: unknown) => void;
}

export class AuditSweeper {
  readonly #deps: AuditSweeperDeps;
  readonly #campaigns = new Absences();
  readonly #plans = new Absences();
  /** Uid → campaignId where the watch has reported the deletion: these are certain. */
  readonly #deleted = new Map<string, string>();
  /** Trails in which something may still come. */
  readonly #open = new Map<string, KnownTrail>();
  readonly #ended = new Set<string>();
  #isFirst = true;
  #wake: (() => void) | undefined;

  constructor(deps: AuditSweeperDeps) {
    this.#deps = deps;
  }

  gone({ metadata, spec }: VoucherCampaign): void {
    this.#deleted.set(metadata.uid ?? metadata.name, spec.campaignId);
    this.#ended.delete(spec.campaignId);
    this.#wake?.();
  }

  /** Until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#deps;
    while (!signal.aborted) {
      await this.sweep(signal).catch((cause: unknown) => {
        if (!signal.aborted) onFailure(cause);
      });
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await sleep(clock, EVERY_MS, AbortSignal.any([signal, woken.signal]));
      this.#wake = undefined;
    }
  }

  /** Checks every trail without a campaign; the first time in a term all trails. @throws Error of the journal */
  async sweep(signal: AbortSignal): Promise<void> {
    const { clock, log, living } = this.#deps;
    const deleted = new Map(this.#deleted);
    const campaigns = [...living.campaigns()];
    const livingIds = new Set(campaigns.map(({ spec }) => spec.campaignId));
    const livingUids = new Set(campaigns.map(({ metadata }) => metadata.uid ?? metadata.name));
    const isThere = (uid: string): boolean => livingUids.has(uid) && !deleted.has(uid);
    const deletedIds = new Set(deleted.values());

    const trails = new Map<string, KnownTrail>();
    for (const id of await within(clock, DEADLINE_MS, signal, (inner) => log.campaignIds(inner))) {
      const isAsked = this.#isFirst || this.#open.has(id) || deletedIds.has(id) || !livingIds.has(id);
      if (this.#ended.has(id) || !isAsked) continue;
      trails.set(id, await this.#upToDate(id, this.#open.get(id), () => [], signal));
    }

    const nowMs = clock.monotonicMs();
    const own = [...trails.values()].flatMap(({ trail }) => this.#own(trail));
    const alive = own.filter(({ isDeleted }) => !isDeleted).map(({ uid }) => uid);
    const absent = this.#campaigns.gone(alive, isThere, nowMs);
    const gone = new Set(
      own.filter(({ uid, isDeleted }) => isDeleted || absent.has(uid) || deleted.has(uid)).map(({ uid }) => uid),
    );
    const plans = new Map([...trails.keys()].map((id) => [id, living.plansOf(id)]));
    const livingPlans = new Set([...plans.values()].flat().map(planUid));
    const trailedPlans = [...trails.values()].flatMap(({ trail }) => [...trail.plans.keys()]);
    const gonePlans = this.#plans.gone(trailedPlans, (uid) => livingPlans.has(uid), nowMs);

    for (const [campaignId, known] of trails) {
      const view = { campaignId, gone, plans: plans.get(campaignId) ?? [], gonePlans, nowMs: clock.now() };
      const next = await this.#upToDate(campaignId, known, (trail) => remainingEntries(view, trail), signal);
      if (this.#mayGoOn(next.trail, isThere)) this.#open.set(campaignId, next);
      else {
        this.#open.delete(campaignId);
        if (!livingIds.has(campaignId)) this.#ended.add(campaignId);
      }
    }
    this.#isFirst = false;
    for (const uid of deleted.keys()) this.#deleted.delete(uid);
  }

  /** Another operator's entries are read, too. @throws Error when the journal does not answer; the caller retries later */
  #upToDate(
    campaignId: string,
    known: KnownTrail | undefined,
    missing: (trail: Trail) => readonly AuditEntry[],
    signal: AbortSignal,
  ): Promise<KnownTrail> {
    const { clock, log } = this.#deps;
    return within(clock, DEADLINE_MS, signal, (inner) => bringUpToDate(log, campaignId, known, missing, inner));
  }

  #own(trail: Trail): readonly TrailedCampaign[] {
    const { site, watchNamespaces, isServed } = this.#deps;
    return [...trail.campaigns.values()].filter(
      (one) =>
        one.site === site &&
        (watchNamespaces.length === 0 || watchNamespaces.includes(one.namespace)) &&
        (isServed(one.namespace) || this.#deleted.has(one.uid)),
    );
  }

  /** Whether this trail has to be checked again: a deletion that is not certain yet, or a plan that still exists. */
  #mayGoOn(trail: Trail, isThere: (uid: string) => boolean): boolean {
    const departed = this.#own(trail).filter(({ uid }) => !isThere(uid));
    const uids = new Set(departed.map(({ uid }) => uid));
    return (
      departed.some(({ isDeleted }) => !isDeleted) ||
      [...trail.plans.values()].some(({ campaignUid, isDeleted }) => uids.has(campaignUid) && !isDeleted)
    );
  }
}

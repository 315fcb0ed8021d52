/**
 * Keeps the log of one campaign's decisions without delaying its tick: what could not be written is in the next write.
 *
 * The kept log is read once before the first write: a new leader continues it. Only news is written, at most every 5 s, so
 * that a campaign at rest writes nothing; under load a sample of its curves is news every 10 s.
 */

import { perTier, TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { serializeLines } from '../../contract/untrusted.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { TickPlan } from '../tick/tick-plan.ts';
import { joinDecisions, NO_DECISIONS, noteDecision, parseDecisions, type TierDecisions } from './decision-log.ts';
import { type DecisionRecord, recordOf } from './decision-record.ts';
import { joinRecent, NOTHING_RECENT, noteSample, parseRecent, type Recent, sampleOf } from './recent.ts';

/** Where the last decisions on a campaign's tiers are kept, as text; they outlive the process. */
export interface DecisionStore {
  /** Undefined when none were kept. @throws Error when the object belongs to another owner */
  read(campaign: VoucherCampaign, signal: AbortSignal): Promise<DecisionTexts | undefined>;
  write(campaign: VoucherCampaign, texts: DecisionTexts, signal: AbortSignal): Promise<void>;
}

/** The decisions on each tier of the campaign, and samples of the last ten minutes (operator/history/recent.ts). */
export type DecisionTexts = { readonly [tier in Tier]?: string | undefined } & { readonly recent: string };

const CALL_DEADLINE_MS = 3_000;
const WRITE_EVERY_MS = 5_000;
/** Sooner than 10 s: a refusal is reported until the log is written. */
const AFTER_FAILURE_MS = 8_000;

interface DecisionKeeperDeps {
  readonly clock: Clock;
  /** Absent where no log is kept; decisions are still reported. */
  readonly store: DecisionStore | undefined;
  readonly onDecision: (campaign: VoucherCampaign, tier: Tier, decision: DecisionRecord) => void;
  readonly onFailure: (campaign: VoucherCampaign, cause: unknown) => void;
}

export class DecisionKeeper {
  readonly #deps: DecisionKeeperDeps;
  #tiers: Readonly<Record<Tier, TierDecisions>> = perTier(() => NO_DECISIONS);
  #recent: Recent = NOTHING_RECENT;
  #isRead = false;
  #isUnwritten = false;
  #inFlight = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DecisionKeeperDeps) {
    this.#deps = deps;
  }

  /** Notes what a tick decided. Returns at once and never throws. */
  note(
    campaign: VoucherCampaign,
    planned: TickPlan,
    readings: CampaignReadings,
    nowMs: number,
    signal: AbortSignal,
  ): void {
    const tiers = { ...this.#tiers };
    for (const tier of tiersOf(campaign.spec)) {
      const { decisions, news } = noteDecision(tiers[tier], recordOf(planned, tier, readings, nowMs));
      tiers[tier] = decisions;
      if (news === undefined) continue;
      this.#isUnwritten = true;
      this.#deps.onDecision(campaign, tier, news);
    }
    this.#tiers = tiers;
    const { recent, isNews } = noteSample(this.#recent, sampleOf(planned.status, readings, nowMs));
    this.#recent = recent;
    if (isNews) this.#isUnwritten = true;
    const { clock, store } = this.#deps;
    if (store === undefined || !this.#isUnwritten || this.#inFlight || clock.monotonicMs() < this.#notBeforeMs) return;
    this.#inFlight = true;
    void this.#keep(campaign, store, signal).finally(() => {
      this.#inFlight = false;
    });
  }

  async #keep(campaign: VoucherCampaign, store: DecisionStore, signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#deps;
    const inTime = <T>(work: (inner: AbortSignal) => Promise<T>): Promise<T> =>
      within(clock, CALL_DEADLINE_MS, signal, work);
    try {
      if (!this.#isRead) this.#takeUp(await inTime((inner) => store.read(campaign, inner)));
      if (!this.#isUnwritten) return;
      this.#isUnwritten = false;
      const texts = {
        ...Object.fromEntries(tiersOf(campaign.spec).map((tier) => [tier, serializeLines(this.#tiers[tier].records)])),
        recent: serializeLines(this.#recent.samples),
      };
      await inTime((inner) => store.write(campaign, texts, inner));
      this.#notBeforeMs = clock.monotonicMs() + WRITE_EVERY_MS;
    } catch (cause) {
      this.#isUnwritten = true;
      this.#notBeforeMs = clock.monotonicMs() + AFTER_FAILURE_MS;
      if (!signal.aborted) onFailure(campaign, cause);
    }
  }

  /** Joins what this process has noted so far to the kept log; without news nothing is written. */
  #takeUp(kept: DecisionTexts | undefined): void {
    const joined = (tier: Tier) => {
      const before = parseDecisions(kept?.[tier]);
      const decisions = joinDecisions(before, this.#tiers[tier]);
      return { decisions, isNew: JSON.stringify(decisions.records) !== JSON.stringify(before) };
    };
    const tiers = perTier(joined);
    this.#tiers = perTier((tier) => tiers[tier].decisions);
    const before = parseRecent(kept?.recent);
    this.#recent = joinRecent(before, this.#recent);
    const isRecentNew = this.#recent.samples.at(-1) !== before.at(-1);
    this.#isUnwritten = isRecentNew || TIERS.some((tier) => tiers[tier].isNew);
    this.#isRead = true;
  }
}

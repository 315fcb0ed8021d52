/** The input of `plan`: everything that one tick read, and what the tick before left behind. Pure data. */

import type { ComparisonReport } from '../../contract/compare.ts';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { JournalState } from '../../journal/administration.ts';
import type { PublishedWindow } from '../../journal/freeze/freezing.ts';
import type { BooksMemory } from '../books/balance.ts';
import type { DestructionState } from '../destruction/destruction-keeper.ts';
import type { DrawState } from '../draw/draw-keeper.ts';
import type { ErasureOf } from '../erasure/erasure-types.ts';
import type { ListStates } from '../exclusion/exclusion-keeper.ts';
import type { FreezeState } from '../freeze/freeze-keeper.ts';
import type { IssuanceState } from '../issuance/issuance-keeper.ts';
import type { HandOut } from '../outside/hand-out.ts';
import type { KnownShares } from '../outside/shares-keeper.ts';
import type { WaitingRoom } from '../queue/crowd.ts';
import type { Replacing } from '../scaling/lost.ts';
import type { Decision, TierLimits, TierMemory } from '../scaling/types.ts';
import type { CampaignReadings, CanaryState } from '../signals/readings.ts';
import type { ObservedCluster } from './cluster-view.ts';
import type { OutsideReports } from './ports.ts';
import type { WriteRefusal } from './tier-problem.ts';

export type CampaignMemory = Readonly<Record<Tier, TierMemory>>;

export interface Observed {
  readonly cluster: ObservedCluster;
  readonly readings: CampaignReadings;
  /** Undefined until the journal was asked once. */
  readonly journal: JournalState | undefined;
  /** Of this process; undefined until one was sent. */
  readonly canary: CanaryState | undefined;
  /** Of the draw's list; undefined until the journal was asked once. */
  readonly freeze?: FreezeState | undefined;
  /** The draw's steps; undefined until the journal was asked once. */
  readonly draw?: DrawState | undefined;
  /** The start of issuance; undefined until the journal was asked once. */
  readonly issuance?: IssuanceState | undefined;
  /** Of the destruction of personal data; undefined until the journal was asked once. */
  readonly destruction?: DestructionState | undefined;
  /** Other campaigns that need the same privacy Secret. Absent: none. */
  readonly secretUsers?: readonly string[];
  /** Other campaigns that need the keys for a list of this campaign's winners. Absent: none. */
  readonly excluders?: readonly string[];
  /** Campaigns of the namespace whose winners this one excludes. Absent: none. */
  readonly earlier?: readonly VoucherCampaign[];
  /** What the journal has of their lists. Absent: nothing was asked. */
  readonly excludedLists?: ListStates | undefined;
  /** What this process has done of commands to erase people. Absent: it erases nothing. */
  readonly erasureOf?: ErasureOf | undefined;
  /** The window that pods follow; undefined: unknown, or nothing was published. */
  readonly published?: PublishedWindow | undefined;
  /** The last report on journal and database that this process has read; undefined: none. */
  readonly comparison?: ComparisonReport | undefined;
  /** What this process has compared of vouchers and channels. Absent: nothing. */
  readonly books?: BooksMemory | undefined;
  /** How issuance began; undefined: it has not, or that is unknown. */
  readonly issuanceStart?: IssuanceStart | undefined;
  /** The waiting room. Absent: there is none, or it is not known yet. */
  readonly queue?: WaitingRoom | undefined;
  /** Undefined when no component counts; then the last known counts are kept. */
  readonly counts: { readonly received: number } | undefined;
  /** The last status of this process, else the stored one. Events are the difference to it. */
  readonly previous: VoucherCampaignStatus | undefined;
  /** What this process's last tick left; undefined on its first tick, which then may only hold or raise. */
  readonly memory: CampaignMemory | undefined;
  readonly refusals?: readonly WriteRefusal[];
  /** Absent: no outside system is asked. */
  readonly outside?: {
    readonly reports: OutsideReports;
    readonly known: (tier: Tier) => KnownShares;
    /** Monotonic: shares expire by it. */
    readonly nowMs: number;
  };
}

export interface TierOutcome {
  readonly tier: Tier;
  readonly limits: TierLimits;
  readonly exists: boolean;
  /** `spec.replicas` of the Deployment; 0 when absent. */
  readonly replicas: number;
  readonly ready: number;
  /** Replicas that this tick wants to serve, also in Shadow where it is not written. */
  readonly desired: number;
  /** `desired` and the replacements for pods on lost nodes: what `spec.replicas` is to be. */
  readonly written: number;
  /** Replacements for pods on lost nodes. */
  readonly replacing: Replacing | undefined;
  /** Whether `written` is written: mode Auto, not paused, and no other autoscaler on this tier. */
  readonly isActing: boolean;
  /** Autoscalers of others that write its replicas. */
  readonly otherAutoscalers: readonly string[];
  readonly decision: Decision | undefined;
  /** Full size of the pre-warmed floor, before the ceiling; 0 without a forecast. */
  readonly forecastFloor: number;
}

export type TierOutcomes = Readonly<Record<Tier, TierOutcome>>;

export interface CampaignTimes {
  readonly preWarmAtMs: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  readonly holdAfterOpenUntilMs: number;
  /** How long what is authorised for the forecast is needed: two hours after opening, or as long as the hold. */
  readonly forecastUntilMs: number;
}

/** Overrides by annotation; read by overrides.ts. */
export interface Overrides {
  readonly pausedUntilMs?: number;
  readonly holdOverrideUntilMs?: number;
  readonly min: Partial<Readonly<Record<Tier, number>>>;
  /** What is in force, as text, each with its end. */
  readonly inForce: readonly string[];
  /** What can't be read, each with its remedy. */
  readonly unreadable: readonly string[];
}

/** By tier; absent for one that asks no outside system, and while its shares in force are not known. */
export type HandOuts = Partial<Readonly<Record<Tier, HandOut>>>;

export interface PlanInput {
  readonly campaign: VoucherCampaign;
  readonly observed: Observed;
  readonly times: CampaignTimes;
  readonly overrides: Overrides;
  /** What may be let in per second, whatever pods there are. Absent: no such limit. */
  readonly admissionPerSecond?: number | undefined;
  readonly handOuts?: HandOuts;
  /** An end of the spec, or of a level, that was stated too late to count. */
  readonly endTooLate?: string | undefined;
  readonly nowMs: number;
}

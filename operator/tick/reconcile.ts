/** One tick of one campaign: observe → plan → apply. */

import { unreadableInCampaign, unreadableText } from '../../contract/readable.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { FreezeJournal } from '../../journal/freeze/freezing.ts';
import type { IssuanceJournal } from '../../journal/freeze/issuance-journal.ts';
import type { DestructionJournal } from '../../journal/privacy/destroying.ts';
import type { ErasureJournal } from '../../journal/privacy/erasing.ts';
import type { AuditLog } from '../../journal/trail.ts';
import { within } from '../../runtime/deadline.ts';
import { apply } from '../apply/apply.ts';
import { type ApplyDeps, WRITE_DEADLINE_MS } from '../apply/applying.ts';
import { endCampaign } from '../apply/deletion.ts';
import { noting, WriteTroubles } from '../apply/write-troubles.ts';
import { AuditKeeper } from '../audit/audit-keeper.ts';
import { afterLook, NO_BOOKS } from '../books/balance.ts';
import { booksLook } from '../books/books-look.ts';
import { DestructionKeeper, type SecretEmptier } from '../destruction/destruction-keeper.ts';
import { secretUsersOf } from '../destruction/destruction-request.ts';
import { createDrawKeeper } from '../draw/draw-keeper.ts';
import { ErasureKeeper } from '../erasure/erasure-keeper.ts';
import { createExclusionKeeper } from '../exclusion/exclusion-keeper.ts';
import { earlierIn, excludersOf } from '../exclusion/exclusions.ts';
import { FreezeKeeper } from '../freeze/freeze-keeper.ts';
import { DecisionKeeper, type DecisionStore } from '../history/decision-keeper.ts';
import { createIssuanceKeeper } from '../issuance/issuance-keeper.ts';
import { SharesKeeper } from '../outside/shares-keeper.ts';
import { crowdIn, withCrowd } from '../queue/crowd.ts';
import { QueueKeeper } from '../queue/queue-keeper.ts';
import { type CampaignState, campaignKey, newCampaignState } from './campaign-state.ts';
import { CanaryKeeper } from './canary-keeper.ts';
import { ComparisonKeeper } from './comparison-keeper.ts';
import { ReconcileError } from './errors.ts';
import { type GatherDeps, gather } from './gather.ts';
import { type Held, heldFailed, heldStatus, heldUnreadable } from './held.ts';
import { JournalKeeper } from './journal-keeper.ts';
import type { CanaryAsker, ComparisonReader } from './ports.ts';
import { TICK_MS } from './requeue.ts';
import { shouldWriteStatus } from './status.ts';
import { type PlanDeps, planTick } from './tick-plan.ts';
import type { TickReporter } from './tick-reporter.ts';
import { truncated } from './truncated.ts';

export interface PrivacyDeps {
  readonly erasing: ErasureJournal;
  readonly destroying: DestructionJournal;
  /** Absent: a person empties the privacy Secret. */
  readonly secrets?: SecretEmptier;
  /** Identity of this process, for the certificate. */
  readonly operator: string;
}

export interface ReconcilerDeps extends GatherDeps, PlanDeps, ApplyDeps {
  readonly canaries: CanaryAsker;
  /** Absent where nothing is compared. */
  readonly comparison?: ComparisonReader;
  readonly decisions?: DecisionStore;
  readonly audit?: AuditLog;
  readonly freezing?: FreezeJournal;
  /** Absent: issuance never starts. */
  readonly issuing?: IssuanceJournal;
  /** Absent: no personal data is erased or destroyed. */
  readonly privacy?: PrivacyDeps;
  /** All campaigns that are seen. Absent: there is no other. */
  readonly living?: { campaigns(): Iterable<VoucherCampaign> };
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: () => void;
  readonly report: TickReporter;
}

/** A field that can't be read is fixed by a person, whose change is seen at once. */
const UNREADABLE_LOOK_MS = 30_000;
/** One failure may pass by itself; two in a row are shown. */
const FAILURES_SHOWN = 2;
/** A campaign that is being deleted gets nothing new; another finalizer may still hold it. */
const DELETED_LOOK_MS = 60_000;

export const createReconciler = (deps: ReconcilerDeps) => {
  const { clock, report } = deps;
  const states = new Map<string, CampaignState>();

  const stateOf = (campaign: VoucherCampaign): CampaignState => {
    const key = campaignKey(campaign);
    const known = states.get(key);
    // The same name with another uid is another campaign.
    if (known !== undefined && known.uid === campaign.metadata.uid) return known;
    const troubles = new WriteTroubles();
    const state = newCampaignState(campaign, troubles, {
      journal: new JournalKeeper(clock, deps.journal),
      canary: new CanaryKeeper(clock, deps.canaries),
      freeze: new FreezeKeeper({
        clock,
        journal: deps.freezing,
        shards: deps.options.shards,
        site: deps.options.site,
        assertLeading: deps.assertLeading,
      }),
      comparison: new ComparisonKeeper(deps.comparison, (cause) =>
        report.failed(campaign, new ReconcileError('read_comparison', 'read what the Job compare reports', cause)),
      ),
      draw: createDrawKeeper({ clock, journal: deps.freezing, assertLeading: deps.assertLeading }),
      issuance: createIssuanceKeeper({
        clock,
        journal: deps.issuing,
        shards: deps.options.shards,
        assertLeading: deps.assertLeading,
      }),
      exclusion: createExclusionKeeper({ clock, journal: deps.freezing }),
      erasure: new ErasureKeeper({
        clock,
        journal: deps.privacy?.erasing,
        shards: deps.options.shards,
        site: deps.options.site,
        assertLeading: deps.assertLeading,
      }),
      destruction: new DestructionKeeper({
        clock,
        journal: deps.privacy?.destroying,
        secrets: deps.privacy?.secrets,
        operator: deps.privacy?.operator ?? '',
        assertLeading: deps.assertLeading,
      }),
      shares: new SharesKeeper({
        clock,
        store: deps.journal.shares,
        onFailure: (where, cause) =>
          report.failed(where, new ReconcileError('outside_shares', 'keep the shares of outside systems', cause)),
      }),
      queue: new QueueKeeper({
        clock,
        store: deps.journal.queue,
        assertLeading: deps.assertLeading,
        onFailure: (cause) =>
          report.failed(campaign, new ReconcileError('waiting_room', 'keep the pace of the waiting room', cause)),
      }),
      decisions: new DecisionKeeper({
        clock,
        store: noting(deps.decisions, troubles, clock),
        onDecision: report.decided,
        onFailure: (where, cause) =>
          report.failed(where, new ReconcileError('keep_decisions', 'keep the log of decisions', cause)),
      }),
      audit: new AuditKeeper({
        clock,
        log: deps.audit,
        site: deps.options.site,
        onFailure: (where, cause) =>
          report.failed(where, new ReconcileError('keep_audit', 'append to the audit trail', cause)),
      }),
    });
    states.set(key, state);
    return state;
  };

  /** Drops what is remembered of a campaign that is gone. */
  const forget = (campaign: Pick<VoucherCampaign, 'metadata'>): void => {
    states.delete(campaignKey(campaign));
    report.forgotten(campaign);
  };

  /** Shows why nothing can be decided; changes nothing else of the campaign. */
  const sayUndecided = async (campaign: VoucherCampaign, state: CampaignState, held: Held, signal: AbortSignal) => {
    const nowMs = clock.now();
    const before = state.computed?.conditions?.find(({ type }) => type === 'Ready');
    if (before?.reason !== held.verdict.reason || before.message !== truncated(held.verdict.message)) {
      deps.events.emit(campaign, held.event);
    }
    state.computed = heldStatus(campaign, state.computed, held, nowMs);
    const status = state.computed;
    report.undecided(campaign, status);
    if (!shouldWriteStatus(state.written, status, state.lastWriteMs, nowMs)) return;
    await within(clock, WRITE_DEADLINE_MS, signal, (inner) => deps.status.writeStatus(campaign, status, inner)).then(
      () => {
        state.written = status;
        state.lastWriteMs = nowMs;
      },
      (cause: unknown) => report.failed(campaign, new ReconcileError('write_status', 'write the status', cause)),
    );
  };

  /** Failed steps are reported and tried again. @throws ReconcileError: nothing was decided, the cluster can't be read */
  const reconcile = async (
    campaign: VoucherCampaign,
    signal: AbortSignal,
  ): Promise<{ requeueAfterMs: number; isUrgent?: boolean }> => {
    const startedAtMs = clock.monotonicMs();
    const state = stateOf(campaign);
    // The status was removed by another writer.
    if (state.hadStatus && campaign.status === undefined) state.written = undefined;
    state.hadStatus = campaign.status !== undefined;
    try {
      if (campaign.metadata.deletionTimestamp !== undefined) {
        await endCampaign(deps, campaign, state.journal, signal);
        forget(campaign);
        return { requeueAfterMs: DELETED_LOOK_MS };
      }
      const unreadable = unreadableInCampaign(campaign);
      if (unreadable.length > 0) {
        await sayUndecided(campaign, state, heldUnreadable(unreadable), signal);
        report.failed(campaign, new ReconcileError('read_spec', 'read the campaign', unreadableText(unreadable)));
        return { requeueAfterMs: state.written === state.computed ? UNREADABLE_LOOK_MS : TICK_MS };
      }
      const gathered = await gather(deps, campaign, state.readings, signal);
      state.readings = gathered.readings;
      const issuance = state.issuance.state();
      const issuanceStart = issuance?.kind === 'known' ? issuance.start : undefined;
      if (campaign.spec.issuance !== undefined) {
        state.books = afterLook(state.books ?? NO_BOOKS, booksLook(gathered, issuance));
      }

      const nowMs = clock.now();
      const all = [...(deps.living?.campaigns() ?? [])];
      const queue = state.queue.look(gathered.readings.queue, nowMs);
      const readings = withCrowd(gathered.readings, crowdIn(queue), nowMs);
      const planned = planTick(
        campaign,
        {
          cluster: gathered.cluster,
          readings,
          counts: gathered.counts,
          queue,
          journal: state.journal.state,
          canary: state.canary.state,
          freeze: state.freeze.state,
          draw: state.draw.state(),
          issuance,
          issuanceStart,
          published: state.freeze.published,
          comparison: state.comparison.report,
          books: state.books,
          destruction: state.destruction.state,
          secretUsers: secretUsersOf(campaign, all),
          excluders: excludersOf(campaign, all),
          earlier: earlierIn(campaign, all),
          excludedLists: state.exclusion.states(),
          erasureOf: (command) => state.erasure.resultOf(command),
          previous: state.computed,
          memory: state.memory,
          refusals: state.troubles.lasting(nowMs),
          outside: {
            reports: gathered.outside,
            known: (tier) => state.shares.known(tier),
            nowMs: clock.monotonicMs(),
          },
        },
        nowMs,
        deps,
      );
      state.memory = planned.memory;

      const { failed, written } = await apply(deps, campaign, state, planned, signal);
      state.computed = planned.status;
      state.canary.keep(planned.canary, gathered.cluster.tiers.intake?.pods ?? [], signal);

      state.comparison.keep(gathered.cluster, signal);
      // Asked once the journal's streams exist.
      if (state.journal.state?.kind === 'ready') {
        state.freeze.keep(planned.freeze, signal);
        state.exclusion.keep(campaign.spec.campaignId, planned.earlier, signal);
        state.draw.keep(planned.draw, signal);
        state.issuance.keep(planned.issuance, signal);
        state.erasure.keep(campaign.spec.campaignId, planned.erasures, planned.status.erasures, signal);
        state.destruction.keep(planned.destruction, signal);
        state.queue.keep(planned.queue, signal);
      }

      state.decisions.note(campaign, planned, readings, nowMs, signal);
      state.audit.note({ campaign, cluster: gathered.cluster, planned, written, nowMs }, signal);
      for (const error of [...gathered.errors, ...failed]) report.failed(campaign, error);
      report.planned(campaign, planned, readings, nowMs);
      state.failures = 0;
      return { requeueAfterMs: failed.length > 0 ? TICK_MS : planned.requeueAfterMs, isUrgent: planned.isUrgent };
    } catch (cause) {
      if (signal.aborted) throw cause;
      const error = cause instanceof ReconcileError ? cause : new ReconcileError('tick', 'look at the campaign', cause);
      report.failed(campaign, error);
      state.failures += 1;
      const isEnding = campaign.metadata.deletionTimestamp !== undefined;
      if (state.failures >= FAILURES_SHOWN && !isEnding) await sayUndecided(campaign, state, heldFailed(error), signal);
      throw error;
    } finally {
      report.ticked((clock.monotonicMs() - startedAtMs) / 1000);
    }
  };

  return { reconcile, forget };
};
export type Reconciler = ReturnType<typeof createReconciler>;

/**
 * The apply stage. A failed step is reported and the others go on: a broken status write must not stop scaling. What
 * failed is wanted again in the next tick, because the plan is made from what is there.
 */

import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { FIELD_MANAGER, HEADROOM, LABELS } from '../../contract/names.ts';
import type { JournalAdmin } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, within } from '../../runtime/deadline.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { AuthorizationReader } from '../scale-plans/authorization.ts';
import { createCeilingGuard } from '../scale-plans/ceiling-guard.ts';
import type { CampaignState } from './campaign-state.ts';
import { ReconcileError, type Step } from './errors.ts';
import { campaignEvent } from './events.ts';
import type {
  EventSink,
  FinalizerWriter,
  ManifestWriter,
  Nudger,
  PlanWriter,
  ReplicaWriter,
  StatusWriter,
} from './ports.ts';
import { shouldWriteStatus } from './status.ts';
import type { Plan, ScaleWrite } from './tick-plan.ts';

export interface ApplyDeps {
  readonly clock: Clock;
  readonly manifests: ManifestWriter;
  readonly replicas: ReplicaWriter;
  /** Absent where no controller backs off. */
  readonly nudger?: Nudger;
  readonly status: StatusWriter;
  readonly plans: PlanWriter;
  /** Absent where nobody but this process keeps what is authorised. */
  readonly authorization?: AuthorizationReader;
  /** Absent where nothing outlives a campaign. */
  readonly finalizers?: FinalizerWriter;
  readonly events: EventSink;
  readonly journal: JournalAdmin;
  readonly onScaleWrite: (result: 'written' | 'held' | 'conflict' | 'error', write: ScaleWrite) => void;
}

const WRITE_DEADLINE_MS = 1_000;
/** What is authorised is read before replicas are raised. */
const RAISE_DEADLINE_MS = 2 * WRITE_DEADLINE_MS;
/** Settings that nobody changed are compared with the bucket again after this long, in case somebody emptied it. */
const SETTINGS_RECHECK_MS = 10_000;
const WRITE_STATUS = 'write the status';
/** One conflict is a cache that lags; this many in a row are another writer. */
const CONFLICTS_THAT_MEAN_A_WRITER = 3;

export const apply = async (
  deps: ApplyDeps,
  campaign: VoucherCampaign,
  state: CampaignState,
  plan: Plan,
  signal: AbortSignal,
): Promise<readonly ReconcileError[]> => {
  const errors: ReconcileError[] = [];
  const emit = (event: Parameters<EventSink['emit']>[1]): void => deps.events.emit(campaign, event);

  /** The error when the step failed. */
  const attempt = async (
    step: Step,
    what: string,
    work: (signal: AbortSignal) => Promise<void>,
    deadlineMs = WRITE_DEADLINE_MS,
  ): Promise<ReconcileError | undefined> => {
    try {
      await within(deps.clock, deadlineMs, signal, work);
      state.troubles.succeeded(what);
      return undefined;
    } catch (cause) {
      const error = new ReconcileError(step, what, cause);
      errors.push(error);
      // A journal that does not answer has conditions of its own.
      if (step !== 'live_settings') state.troubles.failed(what, cause, deps.clock.now());
      return error;
    }
  };

  const guard = createCeilingGuard(deps, campaign, plan.authorization, emit);

  const scale = async (write: ScaleWrite): Promise<void> => {
    const { name, tier, from, resourceVersion } = write;
    const writing = async (inner: AbortSignal): Promise<void> => {
      const { namespace } = campaign.metadata;
      // Placeholders serve nobody.
      const replicas = tier === HEADROOM ? write.replicas : await guard.allowed(tier, from, write.replicas, inner);
      if (replicas === from) return deps.onScaleWrite('held', write);
      const result = await deps.replicas.scale({ namespace, name, replicas, resourceVersion }, inner);
      deps.onScaleWrite(result, { ...write, replicas });
      if (result === 'written') {
        state.conflicts[write.tier] = 0;
        // Of another number nothing would be true; the guard has told of it.
        if (write.event !== undefined && replicas === write.replicas) emit(write.event);
        return;
      }
      const conflicts = (state.conflicts[write.tier] ?? 0) + 1;
      state.conflicts[write.tier] = conflicts;
      if (conflicts === CONFLICTS_THAT_MEAN_A_WRITER) {
        const message = `${conflicts} writes in a row of ${name} met a newer version: something besides ${FIELD_MANAGER} changes it. Remove other autoscalers from it.`;
        emit(campaignEvent('Warning', 'ScaleConflict', message));
      }
    };
    const deadlineMs = write.replicas > from ? RAISE_DEADLINE_MS : WRITE_DEADLINE_MS;
    const failed = await attempt('scale', `scale Deployment ${name}`, writing, deadlineMs);
    if (failed !== undefined) deps.onScaleWrite('error', write);
  };

  /**
   * In order. A writer that does not answer is left alone until the next tick, which asks it last: a webhook that hangs
   * for one kind holds up no other. A refused manifest stops no other either.
   */
  const write = async (step: 'apply_manifest' | 'create_manifest', manifests: readonly Manifest[]): Promise<void> => {
    const whatOf = ({ kind, metadata }: Manifest): string =>
      `${step === 'apply_manifest' ? 'apply' : 'create'} ${kind} ${metadata?.name}`;
    const isSlow = (manifest: Manifest): number => (state.slow.has(whatOf(manifest)) ? 1 : 0);
    for (const manifest of manifests.toSorted((a, b) => isSlow(a) - isSlow(b))) {
      const what = whatOf(manifest);
      const failed =
        step === 'apply_manifest'
          ? await attempt(step, what, (inner) => deps.manifests.apply(manifest, inner))
          : await attempt(
              step,
              what,
              async (inner) => deps.manifests.create(await guard.created(manifest, inner), inner),
              RAISE_DEADLINE_MS,
            );
      state.slow.delete(what);
      if (failed?.cause instanceof DeadlineError) {
        state.slow.add(what);
        return;
      }
      if (failed === undefined && step === 'create_manifest') {
        const tier = manifest.metadata?.labels?.[LABELS.component];
        emit(campaignEvent('Normal', 'TierCreated', `${tier} was created.`));
      }
    }
  };

  const publishSettings = async (): Promise<void> => {
    const { liveSettings } = plan;
    if (liveSettings === undefined) return;
    const text = JSON.stringify(liveSettings);
    const nowMs = deps.clock.monotonicMs();
    if (state.settings?.text === text && nowMs - state.settings.atMs < SETTINGS_RECHECK_MS) return;
    const failed = await attempt('live_settings', 'write the live settings', (inner) =>
      deps.journal.putLiveSettings(campaign.spec.campaignId, liveSettings, inner),
    );
    if (failed !== undefined) return;
    state.settings = { text, atMs: nowMs };
    if (state.publishedGeneration !== liveSettings.generation) {
      state.publishedGeneration = liveSettings.generation;
      emit(
        campaignEvent(
          'Normal',
          'SettingsPublished',
          `Generation ${liveSettings.generation} is on its way to all pods.`,
        ),
      );
    }
  };

  const { finalizer } = plan;
  const { finalizers } = deps;
  // Before the journal: one that is made must not outlive a campaign that is deleted in this very moment.
  if (finalizer !== undefined && finalizers !== undefined) {
    await attempt('write_finalizer', `${finalizer} the finalizer`, (inner) =>
      finalizers.setFinalizer(campaign, finalizer === 'add', inner),
    );
  }
  // Replicas first: they are what the crowd waits for. A later apply of the same Deployment would also have moved its
  // resourceVersion on and made this write a conflict.
  await Promise.all(plan.scale.map(scale));
  await Promise.all(
    plan.askAgain.map((name) =>
      attempt('ask_again', `annotate Deployment ${name}`, async (inner) => {
        const { namespace } = campaign.metadata;
        await deps.nudger?.askAgain({ namespace, name, atMs: deps.clock.now() }, inner);
      }),
    ),
  );
  await Promise.all([state.journal.keep(plan.journal, signal), write('apply_manifest', plan.apply)]);
  await publishSettings();
  // Pods come last: their account, configuration and journal are there when they start.
  await write('create_manifest', plan.create);

  for (const scalePlan of plan.scalePlans) {
    const failed = await attempt('create_scale_plan', `create ScalePlan ${scalePlan.metadata.name}`, (inner) =>
      deps.plans.createPlan(scalePlan, inner),
    );
    if (failed === undefined && state.announcedPlan !== scalePlan.metadata.name) {
      state.announcedPlan = scalePlan.metadata.name;
      const { ceilings, reason } = scalePlan.spec;
      const message = `ScalePlan ${scalePlan.metadata.name} (${reason}) asks for ${JSON.stringify(ceilings)} and waits for a decision until ${scalePlan.spec.expiresAt}.`;
      emit(campaignEvent('Warning', 'PlanProposed', message));
    }
  }
  for (const { plan: scalePlan, state: planState, status, event } of plan.planStates) {
    const what = `write that ScalePlan ${scalePlan.metadata.name} is ${planState}`;
    const failed = await attempt('write_plan_state', what, (inner) => deps.plans.writeStatus(scalePlan, status, inner));
    if (failed === undefined && event !== undefined) emit(event);
  }
  for (const event of plan.events) emit(event);

  const nowMs = deps.clock.now();
  if (shouldWriteStatus(state.written, plan.status, state.lastWriteMs, nowMs)) {
    const failed = await attempt('write_status', WRITE_STATUS, (inner) =>
      deps.status.writeStatus(campaign, plan.status, inner),
    );
    if (failed === undefined) {
      state.written = plan.status;
      state.lastWriteMs = nowMs;
    } else {
      // Where no condition can be written an event still may.
      for (const refusal of state.troubles.told(nowMs).filter(({ what }) => what === WRITE_STATUS)) {
        emit(campaignEvent('Warning', 'ObjectsRefused', `The API server refuses to ${refusal.what}: ${refusal.words}`));
      }
    }
  }
  return errors;
};

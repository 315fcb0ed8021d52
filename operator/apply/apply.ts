/** The apply stage: a write that fails is reported, the others go on, and the next tick tries it again. */

import { instantMs } from '../../contract/instant.ts';
import { FIELD_MANAGER, HEADROOM, LABELS } from '../../contract/names.ts';
import { entryOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { PublishedWindow } from '../../journal/freeze/freezing.ts';
import { DeadlineError } from '../../runtime/deadline.ts';
import { outsideTiersOf } from '../outside/targets.ts';
import { isDeployment } from '../resources/deployment.ts';
import { isJobManifest } from '../resources/job.ts';
import type { Manifest } from '../resources/manifest.ts';
import { ceilingsText } from '../scale-plans/plan-state.ts';
import type { CampaignState } from '../tick/campaign-state.ts';
import type { ReconcileError } from '../tick/errors.ts';
import { campaignEvent } from '../tick/events.ts';
import { shouldWriteStatus } from '../tick/status.ts';
import type { ScaleWrite, TickPlan } from '../tick/tick-plan.ts';
import { type ApplyDeps, type Applying, beginApplying, RAISE_DEADLINE_MS, WRITE_DEADLINE_MS } from './applying.ts';

/** After this time unchanged settings are compared with the bucket again, in case it was emptied. */
const SETTINGS_RECHECK_MS = 10_000;
const WRITE_STATUS = 'write the status';
/** One conflict is a cache that lags; three in a row are another writer. */
const CONFLICTS_THAT_MEAN_A_WRITER = 3;

/** Before the journal: one that is created must not outlive a campaign that is deleted at this moment. */
const setFinalizer = async ({ deps, campaign, planned, attempt }: Applying): Promise<void> => {
  const { finalizers } = deps;
  const { finalizer } = planned;
  if (finalizer === undefined || finalizers === undefined) return;
  await attempt('write_finalizer', `${finalizer} the finalizer`, (signal) =>
    finalizers.setFinalizer(campaign, finalizer === 'add', signal),
  );
};

/** Nothing waits for it. */
const removeAnswered = async ({ deps, campaign, planned, attempt }: Applying): Promise<void> => {
  const { commands } = deps;
  if (commands === undefined || planned.answered.length === 0) return;
  await attempt('remove_commands', 'remove commands that have their answer', (signal) =>
    commands.removeCommands(campaign, planned.answered, signal),
  );
};

/** Before everything slow. An apply of the same Deployment would also have changed its resourceVersion: a conflict here. */
const scaleTiers = async (applying: Applying): Promise<void> => {
  await Promise.all(applying.planned.scale.map((write) => scale(applying, write)));
};

const scale = async (applying: Applying, write: ScaleWrite): Promise<void> => {
  const { deps, campaign, guard, emit, state, attempt, written } = applying;
  const report = (result: 'written' | 'held' | 'conflict' | 'error'): void => deps.report.scaleWrite(campaign, result);
  const { name, tier, from, resourceVersion } = write;
  const writing = async (signal: AbortSignal): Promise<void> => {
    const { namespace } = campaign.metadata;
    // Placeholders serve no citizen.
    const replicas = tier === HEADROOM ? write.replicas : await guard.allowed(tier, from, write.replicas, signal);
    if (replicas === from) return report('held');
    const result = await deps.replicas.scale({ namespace, name, replicas, resourceVersion }, signal);
    report(result);
    if (result === 'conflict') return noteConflict(applying, write);
    written.push({ ...write, replicas });
    state.conflicts[tier] = 0;
    // After a write of another number the event would be wrong; the guard has emitted its own.
    if (write.event !== undefined && replicas === write.replicas) emit(write.event);
  };
  const deadlineMs = write.replicas > from ? RAISE_DEADLINE_MS : WRITE_DEADLINE_MS;
  const failed = await attempt('scale', `scale Deployment ${name}`, writing, deadlineMs);
  if (failed !== undefined) report('error');
};

const noteConflict = ({ state, emit }: Applying, { tier, name }: ScaleWrite): void => {
  const conflicts = (state.conflicts[tier] ?? 0) + 1;
  state.conflicts[tier] = conflicts;
  if (conflicts !== CONFLICTS_THAT_MEAN_A_WRITER) return;
  const message = `${conflicts} writes in a row to ${name} failed, because another writer than ${FIELD_MANAGER} keeps changing it. Remove other autoscalers of it.`;
  emit(campaignEvent('Warning', 'ScaleConflict', message));
};

/** Returns at once: the keeper writes beside the tick. Before everything slow, because freed shares are waited for. */
const handOutShares = async ({ campaign, state, planned, signal }: Applying): Promise<void> => {
  if (state.journal.state?.kind !== 'ready') return;
  for (const tier of outsideTiersOf(campaign.spec)) state.shares.keep(campaign, tier, planned.handOuts[tier], signal);
};

const askControllersAgain = async ({ deps, campaign, planned, attempt }: Applying): Promise<void> => {
  const { namespace } = campaign.metadata;
  await Promise.all(
    planned.askAgain.map((name) =>
      attempt('ask_again', `annotate Deployment ${name}`, async (signal) => {
        await deps.nudger?.askAgain({ namespace, name, atMs: deps.clock.now() }, signal);
      }),
    ),
  );
};

const keepJournalAndManifests = async (applying: Applying): Promise<void> => {
  const { state, planned, signal } = applying;
  await Promise.all([
    state.journal.keep(planned.journal, signal),
    writeManifests(applying, planned.apply, (manifest, what) =>
      applying.attempt('apply_manifest', `apply ${what}`, (inner) =>
        applying.deps.manifests.apply(manifest, inner, planned.isUrgent),
      ),
    ),
  ]);
};

const removeTiers = async ({ deps, campaign, planned, attempt, emit }: Applying): Promise<void> => {
  const { namespace } = campaign.metadata;
  for (const { tier, name, resourceVersion } of planned.remove) {
    const failed = await attempt('remove_tier', `delete Deployment ${name}`, (signal) =>
      deps.manifests.remove({ namespace, name, resourceVersion }, signal),
    );
    const message = `${tier} was removed, because spec.${entryOf(tier).section} is left out.`;
    if (failed === undefined) emit(campaignEvent('Normal', 'TierRemoved', message));
  }
};

const accountOf = (manifest: Manifest): string | undefined =>
  isDeployment(manifest) || isJobManifest(manifest) ? manifest.spec?.template?.spec?.serviceAccountName : undefined;

/** Pods come after their account, configuration and journal. */
const createTiers = (applying: Applying): Promise<void> => {
  const { deps, planned, guard, attempt, emit, unwritten } = applying;
  // Without its account every pod is refused, and its controller backs off.
  const create = planned.create.filter((manifest) => !unwritten.has(`ServiceAccount ${accountOf(manifest)}`));
  return writeManifests(applying, create, async (manifest, what) => {
    const write = async (signal: AbortSignal): Promise<void> =>
      deps.manifests.create(await guard.created(manifest, signal), signal);
    const failed = await attempt('create_manifest', `create ${what}`, write, RAISE_DEADLINE_MS);
    const component = manifest.metadata?.labels?.[LABELS.component];
    const reason = manifest.kind === 'Job' ? 'JobCreated' : 'TierCreated';
    if (failed === undefined) emit(campaignEvent('Normal', reason, `${component} was created.`));
    return failed;
  });
};

/** In order. A writer that does not answer is left until the next tick, and comes last then: it delays no other kind. */
const writeManifests = async (
  { state, unwritten }: Applying,
  manifests: readonly Manifest[],
  write: (manifest: Manifest, what: string) => Promise<ReconcileError | undefined>,
): Promise<void> => {
  const whatOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata?.name}`;
  const isSlow = (manifest: Manifest): number => (state.slow.has(whatOf(manifest)) ? 1 : 0);
  for (const manifest of manifests) unwritten.add(whatOf(manifest));
  for (const manifest of manifests.toSorted((a, b) => isSlow(a) - isSlow(b))) {
    const what = whatOf(manifest);
    const failed = await write(manifest, what);
    state.slow.delete(what);
    if (failed === undefined) unwritten.delete(what);
    if (failed?.cause instanceof DeadlineError) {
      state.slow.add(what);
      return;
    }
  }
};

const publishLiveSettings = async ({ deps, campaign, state, planned, attempt, emit }: Applying): Promise<void> => {
  const { liveSettings } = planned;
  if (liveSettings === undefined) return;
  const text = JSON.stringify(liveSettings);
  // The next tick is planned with the frozen list, whose closing counts.
  const { window, draw } = liveSettings;
  const published: PublishedWindow = {
    closesAtMs: instantMs(window.closesAt),
    ...(draw.verifyBy === undefined ? {} : { verifyByMs: instantMs(draw.verifyBy) }),
  };
  if (state.freeze.forbids(published, deps.clock.now())) return;
  const nowMs = deps.clock.monotonicMs();
  if (state.settings?.text === text && nowMs - state.settings.atMs < SETTINGS_RECHECK_MS) return;
  const failed = await attempt('live_settings', 'write the live settings', (signal) =>
    deps.journal.putLiveSettings(campaign.spec.campaignId, liveSettings, signal),
  );
  state.freeze.notePublished(failed === undefined ? published : undefined);
  if (failed !== undefined) return;
  state.settings = { text, atMs: nowMs };
  const { generation } = liveSettings;
  if (state.publishedGeneration === generation) return;
  state.publishedGeneration = generation;
  emit(
    campaignEvent('Normal', 'SettingsPublished', `Generation ${generation} of the settings was published to all pods.`),
  );
};

const createScalePlans = async ({ deps, state, planned, attempt, emit }: Applying): Promise<void> => {
  for (const scalePlan of planned.scalePlans) {
    const { name } = scalePlan.metadata;
    const failed = await attempt('create_scale_plan', `create ScalePlan ${name}`, (signal) =>
      deps.plans.createPlan(scalePlan, signal),
    );
    if (failed !== undefined || state.announcedPlan === name) continue;
    state.announcedPlan = name;
    const { ceilings, reason, expiresAt } = scalePlan.spec;
    const message = `ScalePlan ${name} (${reason}) asks for ${ceilingsText(ceilings)} and waits for a decision until ${expiresAt}.`;
    emit(campaignEvent('Warning', 'PlanProposed', message));
  }
};

const writeScalePlanStates = async ({ deps, planned, attempt, emit }: Applying): Promise<void> => {
  for (const { plan: scalePlan, state, status, event } of planned.planStates) {
    const what = `write that ScalePlan ${scalePlan.metadata.name} is ${state}`;
    const failed = await attempt('write_plan_state', what, (signal) =>
      deps.plans.writeStatus(scalePlan, status, signal),
    );
    if (failed === undefined && event !== undefined) emit(event);
  }
};

const emitEvents = async ({ planned, emit }: Applying): Promise<void> => {
  for (const event of planned.events) emit(event);
};

const writeStatus = async ({
  deps,
  campaign,
  state,
  planned,
  attempt,
  emit,
  failed: before,
}: Applying): Promise<void> => {
  const nowMs = deps.clock.now();
  const { status } = planned;
  // The next look comes at once, and knows the journal.
  if (planned.requeueAfterMs === 0 && state.journal.state !== undefined && before.length === 0) return;
  if (!shouldWriteStatus(state.written, status, state.lastWriteMs, nowMs)) return;
  const failed = await attempt('write_status', WRITE_STATUS, (signal) =>
    deps.status.writeStatus(campaign, status, signal),
  );
  if (failed === undefined) {
    state.written = status;
    state.lastWriteMs = nowMs;
    return;
  }
  // Where no condition can be written, an event may still be.
  const refusals = state.troubles.lasting(nowMs).filter(({ what, isRefused }) => what === WRITE_STATUS && isRefused);
  for (const refusal of refusals) {
    emit(campaignEvent('Warning', 'ObjectsRefused', `The API server refuses to ${refusal.what}: ${refusal.words}`));
  }
};

/** The order of writes; the comment above a step gives its reason. */
const STEPS: readonly ((applying: Applying) => Promise<void>)[] = [
  setFinalizer,
  handOutShares,
  scaleTiers,
  askControllersAgain,
  keepJournalAndManifests,
  publishLiveSettings,
  createTiers,
  removeTiers,
  createScalePlans,
  writeScalePlanStates,
  emitEvents,
  writeStatus,
  removeAnswered,
];

export const apply = async (
  deps: ApplyDeps,
  campaign: VoucherCampaign,
  state: CampaignState,
  planned: TickPlan,
  signal: AbortSignal,
): Promise<Pick<Applying, 'failed' | 'written'>> => {
  const applying = beginApplying(deps, campaign, state, planned, signal);
  for (const step of STEPS) await step(applying);
  return applying;
};

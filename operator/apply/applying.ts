/** One apply under way: the means of its steps, and the handling of a write that fails. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { JournalAdmin } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type AuthorizationReader, type CeilingGuard, createCeilingGuard } from '../scale-plans/ceiling-guard.ts';
import type { CampaignState } from '../tick/campaign-state.ts';
import { ReconcileError, type Step } from '../tick/errors.ts';
import type {
  CampaignEvent,
  CommandWriter,
  EventSink,
  FinalizerWriter,
  ManifestWriter,
  Nudger,
  ReplicaWriter,
  ScalePlanWriter,
  StatusWriter,
} from '../tick/ports.ts';
import type { ScaleWrite, TickPlan } from '../tick/tick-plan.ts';
import type { TickReporter } from '../tick/tick-reporter.ts';

export interface ApplyDeps {
  readonly clock: Clock;
  readonly manifests: ManifestWriter;
  readonly replicas: ReplicaWriter;
  readonly nudger?: Nudger;
  readonly status: StatusWriter;
  readonly plans: ScalePlanWriter;
  readonly authorization?: AuthorizationReader;
  readonly finalizers?: FinalizerWriter;
  /** Absent: commands remain. */
  readonly commands?: CommandWriter;
  readonly events: EventSink;
  readonly journal: JournalAdmin;
  readonly report: Pick<TickReporter, 'scaleWrite'>;
}

export const WRITE_DEADLINE_MS = 1_000;
/** Before a raise the authorisation is read once more. */
export const RAISE_DEADLINE_MS = 2 * WRITE_DEADLINE_MS;
/**
 * Where no crowd is near, nothing waits for the tick. An API server that is busy with a thousand new campaigns takes seconds, and
 * what is given up there is done all the same, or has to be done again (the address of a Service is freed only minutes later).
 */
const CALM_DEADLINE_MS = 5 * WRITE_DEADLINE_MS;

export interface Applying {
  readonly deps: ApplyDeps;
  readonly campaign: VoucherCampaign;
  readonly state: CampaignState;
  readonly planned: TickPlan;
  readonly signal: AbortSignal;
  readonly guard: CeilingGuard;
  readonly emit: (event: CampaignEvent) => void;
  /** Resolves to the error of a write that failed; it is reported, and shown on the campaign when it lasts. */
  readonly attempt: (
    step: Step,
    what: string,
    write: (signal: AbortSignal) => Promise<void>,
    deadlineMs?: number,
  ) => Promise<ReconcileError | undefined>;
  readonly failed: readonly ReconcileError[];
  /** Manifests of this tick that were refused, not answered, or left for the next tick: `ServiceAccount chengdu-intake`. */
  readonly unwritten: Set<string>;
  /** Replicas as they were written. */
  readonly written: ScaleWrite[];
}

export const beginApplying = (
  deps: ApplyDeps,
  campaign: VoucherCampaign,
  state: CampaignState,
  planned: TickPlan,
  signal: AbortSignal,
): Applying => {
  const failed: ReconcileError[] = [];
  const emit = (event: CampaignEvent): void => deps.events.emit(campaign, event);
  const usualMs = planned.isUrgent ? WRITE_DEADLINE_MS : CALM_DEADLINE_MS;
  const attempt: Applying['attempt'] = async (step, what, write, deadlineMs = usualMs) => {
    try {
      await within(deps.clock, deadlineMs, signal, write);
      state.troubles.succeeded(what);
      return undefined;
    } catch (cause) {
      const error = new ReconcileError(step, what, cause);
      failed.push(error);
      // A journal that does not answer has conditions of its own.
      if (step !== 'live_settings') state.troubles.failed(what, cause, deps.clock.now());
      return error;
    }
  };
  const guard = createCeilingGuard(deps, campaign, planned.authorization, emit);
  return { deps, campaign, state, planned, signal, guard, emit, attempt, failed, unwritten: new Set(), written: [] };
};

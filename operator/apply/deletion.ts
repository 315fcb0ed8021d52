/** The end of a campaign that is being deleted: owner references delete its objects, and the operator its journal. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { JournalAdmin } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { BuildOptions } from '../resources/build-options.ts';
import { ReconcileError } from '../tick/errors.ts';
import { campaignEvent } from '../tick/events.ts';
import type { JournalKeeper } from '../tick/journal-keeper.ts';
import { journalSpec } from '../tick/journal-spec.ts';
import type { EventSink, FinalizerWriter } from '../tick/ports.ts';
import { WRITE_DEADLINE_MS } from './applying.ts';
import { finalizerChange, hasFinalizer } from './finalizer.ts';

export interface DeletionDeps {
  readonly clock: Clock;
  readonly journal: JournalAdmin;
  readonly events: EventSink;
  readonly finalizers?: FinalizerWriter;
  readonly options: BuildOptions;
}

/** Replicated streams take a moment each. */
const REMOVE_DEADLINE_MS = 20_000;

const removeJournal = async (deps: DeletionDeps, campaign: VoucherCampaign, signal: AbortSignal): Promise<void> => {
  const { clock, events, journal } = deps;
  const { campaignId } = campaign.spec;
  try {
    const removal = await within(clock, REMOVE_DEADLINE_MS, signal, (inner) =>
      journal.remove(journalSpec(campaign, deps.options), inner),
    );
    const message =
      removal.kind === 'removed'
        ? `The journal of ${campaignId} was deleted (${removal.streams} streams). Its rows in the database are kept.`
        : `The journal of ${campaignId} was not deleted: ${removal.message}.`;
    events.emit(campaign, campaignEvent('Normal', 'JournalDeleted', message));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The journal of ${campaignId} could not be deleted: ${why}. The operator retries. To delete the campaign without its journal, set spec.deletionPolicy to Retain.`;
    events.emit(campaign, campaignEvent('Warning', 'JournalNotDeleted', message));
    throw new ReconcileError('delete_journal', `delete the journal of ${campaignId}`, cause);
  }
};

/** @throws ReconcileError when something is left to do: the caller tries again */
export const endCampaign = async (
  deps: DeletionDeps,
  campaign: VoucherCampaign,
  keeper: Pick<JournalKeeper, 'settled'>,
  signal: AbortSignal,
): Promise<void> => {
  const { finalizers } = deps;
  if (!hasFinalizer(campaign) || finalizers === undefined) return;
  if (finalizerChange(campaign) !== 'remove') {
    await keeper.settled();
    await removeJournal(deps, campaign, signal);
  }
  await within(deps.clock, WRITE_DEADLINE_MS, signal, (inner) => finalizers.setFinalizer(campaign, false, inner)).catch(
    (cause: unknown) => {
      throw new ReconcileError('write_finalizer', 'remove the finalizer', cause);
    },
  );
};

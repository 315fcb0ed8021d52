/** What a tick wants of the destruction of personal data. Pure. */
import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { shardStreamName } from '../../contract/names.ts';
import type { VoucherCampaign, VoucherCampaignSpec, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { hasDraw } from '../draw/order.ts';
import type { Observed } from '../tick/observed.ts';
import { destroyCommandOf } from './destroy-command.ts';
import type { DestructionState } from './destruction-keeper.ts';
import type { DestructionRequest } from './destruction-steps.ts';

const DAY_MS = 86_400_000;

/**
 * When all personal data is destroyed at the latest. Once the campaign has opened, it never moves earlier.
 *
 * | the status has a date, and the campaign has opened | date |
 * |----------------------------------------------------|------|
 * | yes                                                | that, or deleteAfterDays after closing where that is later |
 * | no                                                 | deleteAfterDays after closing; after now, where it has closed: after an upgrade, or with a restored object, no one knew of a date |
 *
 * Closes at 2027-03-08T22:00+08:00, 180 days: 2027-09-04T22:00+08:00.
 *
 * @param spec with its effective closing
 */
export const deleteAtMs = (
  { window, privacy }: Pick<VoucherCampaignSpec, 'window' | 'privacy'>,
  previous: VoucherCampaignStatus | undefined,
  nowMs: number,
): number => {
  const closesAtMs = instantMs(window.closesAt);
  const keptMs = privacy.deleteAfterDays * DAY_MS;
  const shown = previous?.openedAt === undefined ? undefined : previous.privacy?.deleteAt;
  return shown === undefined ? Math.max(closesAtMs, nowMs) + keptMs : Math.max(closesAtMs + keptMs, instantMs(shown));
};

/**
 * Other campaigns of the namespace with the same privacy Secret, which is the default's name unless stated. One whose destruction is
 * ordered needs it no more: its data keys are destroyed first.
 */
export const secretUsersOf = (
  { metadata: { namespace, name }, spec }: VoucherCampaign,
  all: Iterable<VoucherCampaign>,
): readonly string[] =>
  [...all]
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.name !== name)
    .filter((one) => one.spec.privacy.keySecretName === spec.privacy.keySecretName)
    .filter(({ status }) => status?.privacy?.orderedAt === undefined)
    .map(({ metadata }) => metadata.name)
    .sort();

/**
 * | the list | spec.draw.sources | the result   | over |
 * |----------|-------------------|--------------|------|
 * | not made | any               |              | no   |
 * | made     | none              |              | yes: the list is the last step |
 * | made     | some              | announced, and everyone who moved up has their fact | yes |
 * | made     | some              | anything else | no: entries and winners are made with citizen.key |
 */
const isDrawOver = (
  { spec }: VoucherCampaign,
  { freeze, draw, previous }: Pick<Observed, 'freeze' | 'draw' | 'previous'>,
): boolean => {
  if (hasDraw(spec)) {
    if (draw?.kind !== 'known') return previous?.draw?.announced === true;
    const { announced, promoted, recorded } = draw.chain;
    return announced !== undefined && recorded === promoted.length;
  }
  return (freeze?.kind === 'done' && freeze.listed !== undefined) || previous?.draw?.phase === 'Listed';
};

/** @param campaign with its effective closing */
export const destructionRequest = (
  campaign: VoucherCampaign,
  observed: Pick<Observed, 'freeze' | 'draw' | 'previous' | 'readings' | 'secretUsers'>,
  shards: number,
  nowMs: number,
): DestructionRequest => {
  const { metadata, spec } = campaign;
  const { campaignId, privacy } = spec;
  const seen = destroyCommandOf(campaign);
  const { previous, readings, secretUsers = [] } = observed;
  const { intakes } = readings;
  return {
    campaignId,
    namespace: metadata.namespace,
    secretName: privacy.keySecretName,
    secretUsers,
    streams: Array.from({ length: shards }, (_, shard) => shardStreamName(campaignId, shard)),
    dueAtMs: deleteAtMs(spec, previous, nowMs),
    isDrawOver: isDrawOver(campaign, observed),
    keysInPods: intakes?.kind === 'fresh' ? intakes.value.privacyKeys : undefined,
    ...defined({ command: seen.kind === 'command' ? seen.command : undefined }),
  };
};

/** Whether the next step is due, or may be at any moment. */
export const isDestroying = (destruction: DestructionState | undefined, request: DestructionRequest, nowMs: number) => {
  if (destruction?.kind === 'destroying' || destruction?.kind === 'unknown') return true;
  return (
    destruction?.kind === 'wait' && request.isDrawOver && (nowMs >= request.dueAtMs || request.command !== undefined)
  );
};

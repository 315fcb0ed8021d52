/** What a tick wants of the destruction of personal data. Pure. */
import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { shardStreamName } from '../../contract/names.ts';
import type { VoucherCampaign, VoucherCampaignSpec, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { hasDraw } from '../draw/order.ts';
import type { Observed } from '../tick/observed.ts';
import { destroyCommandOf } from './destroy-command.ts';
import type { DestructionState } from './destruction-keeper.ts';
import { type DestructionRequest, isGivenUp } from './destruction-steps.ts';

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

type Seen = Pick<Observed, 'freeze' | 'draw' | 'issuance' | 'previous' | 'readings'>;

/**
 * | winners | issuance                              | backlog of its tier       | issuing |
 * |---------|---------------------------------------|---------------------------|---------|
 * | none    | any                                   | any                       | no      |
 * | some    | not started, or that is unknown       | any                       | yes: no winner has a voucher |
 * | some    | started                               | unknown, or some messages | yes: requests are open, or a winner's account has no request yet |
 * | some    | started                               | empty                     | no: winners who have bound no account by the date get no voucher |
 */
const isIssuing = ({ draw, issuance, readings }: Seen): boolean => {
  const vouchers = draw?.kind === 'known' ? draw.chain.drawn?.vouchers : undefined;
  if (vouchers?.every(({ winners }) => winners === 0) === true) return false;
  if (issuance?.kind !== 'known' || issuance.start === undefined) return true;
  const { issuance: backlog } = readings.backlog;
  return backlog?.kind !== 'fresh' || backlog.value.messages > 0;
};

/**
 * What still needs the keys. A campaign that never opened, or has no registrations, gets its list, too: an empty one.
 *
 * | the list | spec.draw.sources | the result   | spec.issuance | needed by |
 * |----------|-------------------|--------------|---------------|-----------|
 * | not made | any               |              | any           | draw |
 * | made     | none              |              | none          | nothing: the list is the last step, and has no winners |
 * | made     | some              | announced, and everyone who moved up has their fact | none | nothing |
 * | made     | some              | announced, and everyone who moved up has their fact | some | issuance, while it is under way; then nothing |
 * | made     | some              | announced …  | … nothing     | exclusion, while another campaign needs a list of the winners |
 * | made     | some              | anything else, also unknown: a new leader | any | draw: entries and winners are made with citizen.key |
 */
const neededBy = (
  { spec }: VoucherCampaign,
  seen: Seen & Pick<Observed, 'excluders'>,
): DestructionRequest['neededBy'] => {
  const { freeze, draw, previous, excluders = [] } = seen;
  if (!hasDraw(spec)) {
    const isListed = (freeze?.kind === 'done' && freeze.listed !== undefined) || previous?.draw?.phase === 'Listed';
    return isListed ? undefined : 'draw';
  }
  if (draw?.kind !== 'known') return 'draw';
  const { announced, promoted, recorded } = draw.chain;
  if (announced === undefined || recorded !== promoted.length) return 'draw';
  if (spec.issuance !== undefined && isIssuing(seen)) return 'issuance';
  return excluders.length > 0 ? 'exclusion' : undefined;
};

/** @param campaign with its effective closing */
export const destructionRequest = (
  campaign: VoucherCampaign,
  observed: Seen & Pick<Observed, 'secretUsers' | 'excluders'>,
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
    keysInPods: intakes?.kind === 'fresh' ? intakes.value.privacyKeys : undefined,
    ...defined({
      command: seen.kind === 'command' ? seen.command : undefined,
      neededBy: neededBy(campaign, observed),
    }),
  };
};

/** Whether the next step is due, or may be at any moment. */
export const isDestroying = (destruction: DestructionState | undefined, request: DestructionRequest, nowMs: number) => {
  if (destruction?.kind === 'destroying' || destruction?.kind === 'unknown') return true;
  if (destruction?.kind !== 'wait') return false;
  const isDue = nowMs >= request.dueAtMs;
  return request.neededBy === undefined ? isDue || request.command !== undefined : isDue && isGivenUp(request);
};

/**
 * The command of an owner to destroy the personal data of a campaign now, as an annotation. Pure.
 *
 * `voucher-operator.io/destroy-personal-data: by <user> at <time> of <campaignId>: <reason>`
 *
 * A policy of the chart ensures that the user may authorise, that the name is the writer's own, and that the campaignId is the
 * campaign's: it is typed, so that a wrong campaign is not destroyed.
 */
import { INSTANT_SOURCE, parseInstant } from '../../contract/instant.ts';
import { DESTROY_ANNOTATION } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { truncated } from '../tick/truncated.ts';

export interface DestroyCommand {
  readonly who: string;
  readonly atMs: number;
  readonly reason: string;
}

export type SeenCommand =
  | { readonly kind: 'none' }
  | { readonly kind: 'command'; readonly command: DestroyCommand }
  | { readonly kind: 'unreadable'; readonly message: string };

const MAX_WHO = 253;
const MAX_REASON = 400;
const FORM = new RegExp(`^by (.+?) at (${INSTANT_SOURCE}) of ([a-z0-9-]+): (.+)$`, 's');

export const destroyText = (campaignId: string, { who, reason }: DestroyCommand, at: string): string =>
  `by ${who} at ${at} of ${campaignId}: ${reason}`;

export const destroyCommandOf = ({ metadata, spec }: VoucherCampaign): SeenCommand => {
  const text = metadata.annotations?.[DESTROY_ANNOTATION];
  if (text === undefined) return { kind: 'none' };
  const [, who = '', at = '', campaignId, reason = ''] = FORM.exec(text) ?? [];
  const atMs = parseInstant(at);
  if (atMs === undefined || campaignId !== spec.campaignId) {
    const message = `The annotation ${DESTROY_ANNOTATION} can't be read, or names another campaignId: write it with kubectl voucher destroy-keys ${metadata.name} -n ${metadata.namespace} --confirm ${spec.campaignId} --reason TEXT.`;
    return { kind: 'unreadable', message };
  }
  return {
    kind: 'command',
    command: { who: truncated(who, MAX_WHO), atMs, reason: truncated(reason, MAX_REASON) },
  };
};

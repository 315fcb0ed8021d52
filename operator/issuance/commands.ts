/**
 * Commands of people about issuance: annotations on the campaign. Pure.
 *
 * | annotation                                  | value                 | meaning |
 * |---------------------------------------------|-----------------------|---------|
 * | issue.voucher-operator.io/start             | `by <user> (result <digits>)` | an owner starts issuance for this result of the draw |
 * | channel-stop.voucher-operator.io/<channel>  | `by <user>: <reason>` | this channel is stopped while the annotation exists |
 *
 * A policy of the chart ensures that the user is the writer. The start names the result by the first digits of its digest, as the commands
 * of the draw do: a text that was written before the policy existed can't know them (operator/draw/commands.ts). An unreadable start has no effect. An unreadable stop does stop the
 * channel, because that is what a person wanted. Both are reported.
 */
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { CHANNEL_STOP_PREFIX, channelStopAnnotation, ISSUE_START } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { firstDigits } from '../draw/commands.ts';
import { truncated } from '../tick/truncated.ts';

export interface ChannelStop {
  /** Absent: the command can't be read. */
  readonly by?: string;
  readonly reason: string;
}

export interface IssuanceCommands {
  /** `result`: first digits of the digest that it names. */
  readonly start?: { readonly by: string; readonly result: string };
  readonly stops: ReadonlyMap<Channel, ChannelStop>;
  /** Annotations that can't be read, each with its remedy. */
  readonly unreadable: readonly string[];
}

/** The status' bound. */
const MAX_REASON = 400;
const START = /^by (.{1,256}) \(result ([0-9a-f]{16})\)$/s;
/** A user name has no colon followed by a space. */
const STOP = /^by (.{1,256}?): (.+)$/s;

/** @param result digest of the draw's result */
export const issueStartText = (user: string, result: string): string => `by ${user} (result ${firstDigits(result)})`;

/** Who starts issuance for this result; undefined: no one does, or the command names another one. */
export const starterOf = (
  { start }: Pick<IssuanceCommands, 'start'>,
  result: string | undefined,
): string | undefined =>
  start !== undefined && result !== undefined && start.result === firstDigits(result) ? start.by : undefined;

export const channelStopText = (user: string, reason: string): string => `by ${user}: ${reason}`;

export const issuanceCommandsOf = ({ metadata: { annotations = {} }, spec }: VoucherCampaign): IssuanceCommands => {
  const unreadable: string[] = [];
  const start = annotations[ISSUE_START];
  const [, by, result] = START.exec(start ?? '') ?? [];
  if (start !== undefined && by === undefined)
    unreadable.push(`The annotation ${ISSUE_START} can't be read: write it with kubectl voucher issue start.`);
  const names = (spec.issuance?.channels ?? []).map(({ name }) => name);
  const stops = new Map<Channel, ChannelStop>();
  for (const channel of CHANNELS.filter((name) => names.includes(name))) {
    const key = channelStopAnnotation(channel);
    const text = annotations[key];
    if (text === undefined) continue;
    const [, stoppedBy, reason] = STOP.exec(text) ?? [];
    if (stoppedBy === undefined || reason === undefined) {
      unreadable.push(
        `The annotation ${key} can't be read, and the channel is stopped: write it with kubectl voucher channel stop, or remove it.`,
      );
      stops.set(channel, { reason: 'a command that can’t be read' });
    } else {
      stops.set(channel, { by: stoppedBy, reason: truncated(reason, MAX_REASON) });
    }
  }
  for (const key of Object.keys(annotations)) {
    if (key.startsWith(CHANNEL_STOP_PREFIX) && !names.some((name) => key === channelStopAnnotation(name)))
      unreadable.push(`The annotation ${key} names no channel of spec.issuance.channels: remove it.`);
  }
  return { ...(by === undefined || result === undefined ? {} : { start: { by, result } }), stops, unreadable };
};

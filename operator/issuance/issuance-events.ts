/** Events about issuance: what changed since the last status. Pure. */
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ChannelStatus } from '../../contract/types/issuance.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';

const HALTED: readonly string[] = ['Stopped', 'SettingsDiffer', 'BooksDiffer'];

/** For a channel whose books differ there is the event BooksDiffer instead. */
const stoppedEvents = ({ channel, state, stoppedBy, reason = '' }: ChannelStatus): readonly CampaignEvent[] => {
  if (state === 'BooksDiffer') return [];
  if (state === 'SettingsDiffer')
    return [campaignEvent('Warning', 'IssuanceSettingsDiffer', `Nothing more is issued through ${channel}: ${reason}`)];
  const who = stoppedBy ?? 'A command';
  return [campaignEvent('Warning', 'IssuanceStopped', `${who} has stopped issuance through ${channel}: ${reason}`)];
};

/**
 * | channel before | now            | event                                      |
 * |----------------|----------------|--------------------------------------------|
 * | another state  | Stopped        | IssuanceStopped                            |
 * | another state  | SettingsDiffer | IssuanceSettingsDiffer                     |
 * | another state  | BooksDiffer    | none here                                  |
 * | one of these   | another state  | IssuanceResumed                            |
 */
export const issuanceEvents = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
): readonly CampaignEvent[] => {
  const { startedAt, startedBy, channels = [] } = next.issuance ?? {};
  const started =
    startedAt !== undefined && previous?.issuance?.startedAt === undefined
      ? [
          campaignEvent(
            'Normal',
            'IssuanceStarted',
            `${startedBy ?? 'An owner'} has started issuance. Names, merchants, appIds and stocks of the channels are fixed now.`,
          ),
        ]
      : [];
  const changed = channels.flatMap((channel) => {
    const before = previous?.issuance?.channels?.find((one) => one.channel === channel.channel)?.state ?? '';
    if (before === channel.state) return [];
    if (HALTED.includes(channel.state)) return stoppedEvents(channel);
    return HALTED.includes(before)
      ? [campaignEvent('Normal', 'IssuanceResumed', `Vouchers are issued through ${channel.channel} again.`)]
      : [];
  });
  // Without a list of channels, no channel is stopped any more, and issuance has not started.
  const gone = (previous?.issuance?.channels ?? []).filter(
    ({ channel, state }) => HALTED.includes(state) && !channels.some((one) => one.channel === channel),
  );
  return [
    ...started,
    ...changed,
    ...gone.map(({ channel }) => campaignEvent('Normal', 'IssuanceResumed', `${channel} is no longer stopped.`)),
  ];
};

/** What the status shows of the waiting room, and its events. Pure. */
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { WaitingStatus } from '../../contract/types/status.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';
import { crowdIn, type WaitingRoom } from './crowd.ts';

/** Two digits: 184,220 → 180,000. */
const coarse = (value: number): number => Number(value.toPrecision(2));

const LONGEST_SECONDS = [10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** 3,700 s → 7,200: at most so long. */
const atMost = (seconds: number): number =>
  LONGEST_SECONDS.find((step) => seconds <= step) ?? Math.ceil(seconds / 86_400) * 86_400;

/** 184,220 wait for 1,850 numbers a second: 180,000, 1,900/s, at most 120 s. */
export const waitingStatus = (room: WaitingRoom | undefined): WaitingStatus | undefined => {
  const crowd = crowdIn(room);
  if (room?.kind !== 'paced' || crowd === undefined || crowd.citizens < 1) return undefined;
  const { ratePerSecond } = room;
  return {
    citizens: coarse(Math.round(crowd.citizens)),
    ratePerSecond: coarse(ratePerSecond),
    ...(ratePerSecond === 0 ? {} : { longestSeconds: atMost(crowd.ahead / ratePerSecond) }),
  };
};

/** When the queue began, and when it was served. */
export const waitingEvents = (
  previous: VoucherCampaignStatus | undefined,
  { waiting }: VoucherCampaignStatus,
): readonly CampaignEvent[] => {
  const before = previous?.waiting;
  if (before === undefined && waiting !== undefined) {
    const { citizens, ratePerSecond } = waiting;
    const message = `Citizens wait in the waiting room: about ${citizens}. ${ratePerSecond}/s are served.`;
    return [campaignEvent('Normal', 'CitizensQueue', message)];
  }
  if (before !== undefined && waiting === undefined) {
    return [campaignEvent('Normal', 'QueueServed', 'No citizen waits in the waiting room any more.')];
  }
  return [];
};

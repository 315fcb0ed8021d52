/** The trail's entries about issuance: who started it, and which channels stood still. Pure. */
import { defined } from '../../contract/defined.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { OPERATOR, reconcileOrderOf } from '../books/reconcile-order.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditHead } from './plan-entries.ts';
import type { Trail, TrailedCampaign } from './trail-state.ts';

const CAUSES: Readonly<Record<string, 'Command' | 'SettingsDiffer' | 'BooksDiffer'>> = {
  Stopped: 'Command',
  SettingsDiffer: 'SettingsDiffer',
  BooksDiffer: 'BooksDiffer',
};

/** A channel that was resumed and stopped again between two ticks has another `since`: both stops are noted. */
export const issuanceEntries = (
  { issuance }: Pick<VoucherCampaignStatus, 'issuance'>,
  known: TrailedCampaign['stops'],
  head: AuditHead & { readonly noted: string },
  trail: Trail,
): readonly AuditEntry[] => {
  const { startedAt, startedBy = 'not recorded', channels = [] } = issuance ?? {};
  const stopped = channels.filter(({ state, since }) => CAUSES[state] !== undefined && since !== undefined);
  const resumed = Object.entries(known).filter(([channel, since]) => {
    const now = channels.find((one) => one.channel === channel);
    // Stopped, and its time is not read yet: a new leader.
    if (now !== undefined && CAUSES[now.state] !== undefined && now.since === undefined) return false;
    return now?.since !== since;
  });
  return [
    ...(startedAt === undefined
      ? []
      : [
          {
            ...head,
            id: `${head.uid}/issuance-started`,
            at: startedAt,
            step: 'issuance_started' as const,
            by: startedBy,
          },
        ]),
    ...resumed.map(
      ([channel, since]): AuditEntry => ({
        ...head,
        id: trail.next(`${head.uid}/${channel}-resumed`),
        at: head.noted,
        step: 'channel_resumed',
        channel,
        since,
      }),
    ),
    ...stopped
      .filter(({ channel, since }) => known[channel] !== since)
      .map(
        ({ channel, state, since = '', stoppedBy, reason = '' }): AuditEntry => ({
          ...head,
          id: trail.next(`${head.uid}/${channel}-stopped`),
          at: since,
          step: 'channel_stopped',
          channel,
          since,
          cause: CAUSES[state] ?? 'Command',
          reason,
          ...defined({ who: stoppedBy }),
        }),
      ),
  ];
};

/** Orders to reconcile, which ask the channels for vouchers of people. */
export const reconcileEntries = (
  campaign: VoucherCampaign,
  { issuance }: Pick<VoucherCampaignStatus, 'issuance'>,
  head: AuditHead & { readonly noted: string },
  nowMs: number,
): readonly AuditEntry[] => {
  const order = reconcileOrderOf(campaign, nowMs);
  const own = issuance?.reconciledFor;
  return [
    ...(order === undefined ? [] : [{ by: order.by, at: order.at, requests: String(order.requests) }]),
    ...(own === undefined ? [] : [{ by: OPERATOR, at: own, requests: 'all' }]),
  ].map((entry) => ({
    ...head,
    ...entry,
    id: `${head.uid}/reconcile-${entry.at}`,
    step: 'reconcile_ordered' as const,
  }));
};

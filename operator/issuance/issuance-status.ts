/** Progress of issuance, by channel: from the facts in the database and the rates of the channels. Pure. */

import { defined } from '../../contract/defined.ts';
import type { Channel } from '../../contract/envelope.ts';
import type { BookFact } from '../../contract/outside/books.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ChannelStatus, IssuanceStatus } from '../../contract/types/issuance.ts';
import { sumOf } from '../books/balance.ts';
import { reconciledFor } from '../books/reconcile-order.ts';
import type { Effects } from '../contingency/contingency.ts';
import type { Standing } from '../outside/hand-out.ts';
import { outlookOf } from '../outside/outlook.ts';
import type { HandOuts, Observed } from '../tick/observed.ts';
import { haltsOf } from './halts.ts';

export interface IssuanceView {
  readonly campaign: VoucherCampaign;
  readonly observed: Observed;
  readonly handOuts?: HandOuts;
  readonly contingency: { readonly effects: Effects };
  readonly nowMs: number;
}

const MINUTE_MS = 60_000;

/** Receipts with this fact in the database, of one channel or of all. Undefined: nothing is counted yet. */
export const receiptsWith = (
  { books }: Pick<Observed, 'books'>,
  fact: BookFact,
  channel?: Channel,
): number | undefined => {
  const counts = books?.ours.at(-1);
  return counts && sumOf(counts.totals, fact, defined({ channel }));
};

const STATES: Readonly<Record<Standing['state'], string>> = {
  asked: 'Asked',
  quota: 'Quota',
  refused: 'Refused',
  failing: 'Failing',
  command: 'Stopped',
  SettingsDiffer: 'SettingsDiffer',
  BooksDiffer: 'BooksDiffer',
};

/** To the minute, so that the status does not change each second. */
const doneAt = (standing: Standing | undefined, waiting: number | undefined, nowMs: number): string | undefined => {
  if (standing === undefined || waiting === undefined || waiting === 0) return undefined;
  const { doneAtMs } = outlookOf([standing], waiting, nowMs);
  return doneAtMs === undefined ? undefined : new Date(Math.ceil(doneAtMs / MINUTE_MS) * MINUTE_MS).toISOString();
};

const channelStatuses = ({
  campaign,
  observed,
  handOuts,
  contingency,
  nowMs,
}: IssuanceView): readonly ChannelStatus[] => {
  const halts = haltsOf(campaign, observed, nowMs);
  const stored = observed.outside?.known('issuance').inForce?.value.targets ?? {};
  return (campaign.spec.issuance?.channels ?? []).map(({ name: channel }): ChannelStatus => {
    const standing = handOuts?.issuance?.standings.find(({ name }) => name === channel);
    const halt = halts.get(channel);
    const isPaused = contingency.effects.isIssuancePaused === true;
    const byPods = isPaused ? 'Paused' : standing === undefined ? 'Unknown' : STATES[standing.state];
    const waiting = receiptsWith(observed, 'issuing', channel);
    // From the stored shares: what this tick plans may never be written.
    const stopped = stored[channel]?.stopped;
    return {
      channel,
      state: halt === undefined ? byPods : STATES[halt.reason],
      ...defined({
        issued: receiptsWith(observed, 'issued', channel),
        waiting,
        failed: receiptsWith(observed, 'failed_attempts', channel),
        since: halt !== undefined && stopped?.reason === halt.reason ? stopped.since : undefined,
        stoppedBy: halt?.by,
        reason: halt?.text,
        doneAt: isPaused ? undefined : doneAt(standing, waiting, nowMs),
      }),
    };
  });
};

/** Undefined: the campaign issues nothing. What an earlier tick knew of the start remains while the journal does not answer. */
export const issuanceStatus = (view: IssuanceView): IssuanceStatus | undefined => {
  const { campaign, observed } = view;
  const { issuance, draw, previous } = observed;
  if (campaign.spec.issuance === undefined) return undefined;
  const known = issuance?.kind === 'known' ? issuance.start : undefined;
  const startedAt = previous?.issuance?.startedAt ?? known?.at;
  const startedBy = previous?.issuance?.startedBy ?? known?.by;
  const winners =
    draw?.kind === 'known'
      ? draw.chain.drawn?.vouchers.reduce((sum, one) => sum + one.winners, 0)
      : previous?.issuance?.winners;
  const isStarted = startedAt !== undefined;
  return defined({
    startedAt,
    startedBy,
    winners,
    issued: isStarted ? receiptsWith(observed, 'issued') : undefined,
    failed: isStarted ? receiptsWith(observed, 'failed_attempts') : undefined,
    reconciledFor: reconciledFor(previous, observed.cluster),
    channels: isStarted || haltsOf(campaign, observed, view.nowMs).size > 0 ? channelStatuses(view) : undefined,
  });
};

/** How erasures are shown: status and events. Pure. */
import { eraseAnnotation } from '../../contract/names.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';
import { truncated } from '../tick/truncated.ts';
import type { EraseCommands } from './erase-commands.ts';
import { type ErasureOf, type ErasureStatus, isDone } from './erasure-types.ts';

const MAX_MESSAGE = 400;

/**
 * | status before, for this command | result here     | state          |
 * |---------------------------------|-----------------|----------------|
 * | Erased                          | any             | as before      |
 * | anything else                   | erased          | Erased         |
 * | anything else                   | unknown receipt | UnknownReceipt |
 * | anything else                   | failed          | Waiting, with the reason |
 * | UnknownReceipt                  | none yet        | as before      |
 * | anything else                   | none yet        | Waiting        |
 *
 * An annotation that can't be read is no command: Unreadable.
 */
export const erasuresStatus = (
  { commands, unreadable }: EraseCommands,
  resultOf: ErasureOf,
  previous: VoucherCampaignStatus | undefined,
): readonly ErasureStatus[] => [
  ...commands.map((command): ErasureStatus => {
    const { receipt, at: requestedAt, who } = command;
    const base = { receipt, requestedAt, who };
    const before = previous?.erasures?.find((one) => one.receipt === receipt && one.requestedAt === requestedAt);
    if (before !== undefined && isDone(command, previous?.erasures)) return before;
    const result = resultOf(command);
    switch (result?.kind) {
      case 'erased':
        return {
          ...base,
          state: 'Erased',
          erasedAt: new Date(result.atMs).toISOString(),
          receipts: result.receipts.length,
        };
      case 'unknownReceipt':
        return {
          ...base,
          state: 'UnknownReceipt',
          message:
            'The journal has no registration with this receipt number. Check the number, then remove the annotation.',
        };
      case 'failed':
        return { ...base, state: 'Waiting', message: truncated(`Tried again: ${result.message}`, MAX_MESSAGE) };
      default:
        return before?.state === 'UnknownReceipt' ? before : { ...base, state: 'Waiting' };
    }
  }),
  ...unreadable.map(
    (receipt): ErasureStatus => ({
      receipt,
      state: 'Unreadable',
      message: `The annotation ${eraseAnnotation(receipt)} can't be read: remove it, and use kubectl voucher erase.`,
    }),
  ),
];

/** Whether a command is neither carried out nor found to be wrong. */
export const isErasing = (status: VoucherCampaignStatus): boolean =>
  status.erasures?.some(({ state }) => state === 'Waiting') === true;

export const erasureEvents = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
): readonly CampaignEvent[] =>
  (next.erasures ?? []).flatMap((now) => {
    const before = previous?.erasures?.find(
      ({ receipt, requestedAt }) => receipt === now.receipt && requestedAt === now.requestedAt,
    );
    if (before?.state === now.state) return [];
    if (now.state === 'Erased') {
      const receipts = now.receipts === 1 ? '' : `, with ${(now.receipts ?? 1) - 1} more of the same person`;
      return [
        campaignEvent('Normal', 'PersonErased', `Receipt ${now.receipt} is erased${receipts}, as ${now.who} ordered.`),
      ];
    }
    return now.state === 'UnknownReceipt' || now.state === 'Unreadable'
      ? [campaignEvent('Warning', 'ErasureRefused', `Receipt ${now.receipt} is not erased: ${now.message}`)]
      : [];
  });

/**
 * Commands to erase one person, by one annotation a receipt. Pure.
 *
 * `erase.voucher-operator.io/<receipt>: by <user> at <time>: <reason>`
 *
 * A policy of the chart ensures that the user has the verb `erase`, and that the name is the writer's own. A command that is carried out
 * has no effect any more: the facts are in the journal. Its annotation can be removed then.
 */
import { INSTANT_SOURCE, parseInstant } from '../../contract/instant.ts';
import { ERASE_PREFIX } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { truncated } from '../tick/truncated.ts';

export interface EraseCommand {
  readonly receipt: string;
  readonly who: string;
  /** As it was written: with the receipt it identifies the command. */
  readonly at: string;
  readonly reason: string;
}

export interface EraseCommands {
  /** The oldest first. */
  readonly commands: readonly EraseCommand[];
  /** Receipts whose annotation can't be read. */
  readonly unreadable: readonly string[];
}

/** The status has no room for more; the others wait until annotations that are carried out are removed. */
export const MOST_ERASURES = 50;
const MAX_WHO = 253;
const MAX_REASON = 200;
const FORM = new RegExp(`^by (.+?) at (${INSTANT_SOURCE}): (.+)$`, 's');
const RECEIPT = /^[0-9A-HJKMNP-TV-Z]{26}$/;

export const eraseText = ({ who, at, reason }: Omit<EraseCommand, 'receipt'>): string =>
  `by ${who} at ${at}: ${reason}`;

export const eraseCommandsOf = ({
  metadata: { annotations = {} },
}: Pick<VoucherCampaign, 'metadata'>): EraseCommands => {
  const commands: EraseCommand[] = [];
  const unreadable: string[] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(ERASE_PREFIX)) continue;
    const receipt = key.slice(ERASE_PREFIX.length);
    const [, who = '', at = '', reason = ''] = FORM.exec(text) ?? [];
    // The chart's policy refuses other names.
    if (!RECEIPT.test(receipt)) continue;
    if (parseInstant(at) === undefined) unreadable.push(receipt);
    else commands.push({ receipt, who: truncated(who, MAX_WHO), at, reason: truncated(reason, MAX_REASON) });
  }
  const atMs = ({ at }: EraseCommand): number => parseInstant(at) ?? 0;
  commands.sort((a, b) => atMs(a) - atMs(b) || (a.receipt < b.receipt ? -1 : 1));
  return { commands: commands.slice(0, MOST_ERASURES), unreadable: unreadable.slice(0, MOST_ERASURES) };
};

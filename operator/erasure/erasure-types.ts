/** What is known of a command to erase: in the status, and in this process. Pure. */
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ErasureOutcome } from '../../journal/privacy/erasing.ts';
import type { EraseCommand } from './erase-commands.ts';

export type ErasureStatus = NonNullable<VoucherCampaignStatus['erasures']>[number];

export type ErasureResult =
  | (ErasureOutcome & { readonly atMs: number })
  | { readonly kind: 'failed'; readonly message: string };

/** The result of this process; undefined while it has none. */
export type ErasureOf = (command: EraseCommand) => ErasureResult | undefined;

/** Whether the status says that this command is carried out. */
export const isDone = (command: EraseCommand, erasures: readonly ErasureStatus[] = []): boolean =>
  erasures.some((one) => one.receipt === command.receipt && one.requestedAt === command.at && one.state === 'Erased');

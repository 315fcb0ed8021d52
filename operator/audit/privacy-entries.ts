/** The trail's entries about erased people and destroyed personal data. Pure. */
import { defined } from '../../contract/defined.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { eraseCommandsOf } from '../erasure/erase-commands.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditHead } from './plan-entries.ts';

/** Each command, and each step of the destruction, is one entry, from any writer and however often. */
export const privacyEntries = (
  campaign: VoucherCampaign,
  { privacy, erasures = [] }: Pick<VoucherCampaignStatus, 'privacy' | 'erasures'>,
  head: AuditHead & { readonly noted: string },
): readonly AuditEntry[] => {
  const { commands } = eraseCommandsOf(campaign);
  const erased = erasures.flatMap(({ receipt, requestedAt, state, erasedAt, receipts = 1 }): AuditEntry[] => {
    const command = commands.find((one) => one.receipt === receipt && one.at === requestedAt);
    if (command === undefined || state !== 'Erased' || erasedAt === undefined) return [];
    const { who, reason, at } = command;
    const id = `${head.uid}/erased-${receipt}-${at}`;
    return [{ ...head, id, at: erasedAt, step: 'person_erased', receipt, who, reason, requestedAt: at, receipts }];
  });
  const { orderedAt, cause = 'Date', who, reason, destroyedAt, certificate } = privacy ?? {};
  return [
    ...erased,
    ...(orderedAt === undefined
      ? []
      : [
          {
            ...head,
            id: `${head.uid}/destruction-ordered`,
            at: orderedAt,
            step: 'destruction_ordered' as const,
            cause,
            ...defined({ who, reason }),
          },
        ]),
    ...(destroyedAt === undefined || certificate === undefined
      ? []
      : [
          {
            ...head,
            id: `${head.uid}/destroyed`,
            at: destroyedAt,
            step: 'personal_data_destroyed' as const,
            certificate,
          },
        ]),
  ];
};

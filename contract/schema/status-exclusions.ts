/** `VoucherCampaign.status.exclusions`. Pure. */
import { listByKey, text, wholeNumber } from './common.ts';

/** Where the generator puts the types. */
export const STATUS_TYPES = './status.ts';

export const exclusions = listByKey(
  'campaign',
  'Lists of the winners of earlier campaigns, who take no part in the draw. Absent: none.',
  8,
  {
    type: 'object',
    description: 'ExclusionStatus is the list of the winners of an earlier campaign.',
    typeHint: { name: 'ExclusionStatus', file: STATUS_TYPES },
    required: ['campaign', 'campaignId', 'entries', 'unreadable', 'digest'],
    properties: {
      campaign: text('Name of the earlier VoucherCampaign.', 63),
      campaignId: text('Its campaignId.', 63),
      entries: wholeNumber('Hashes in the list: one for each person, or one for each person and channel.'),
      unreadable: wholeNumber('Winners who cannot be excluded, because their personal data is erased.'),
      digest: text('SHA-256 of the list.', 64),
    },
  },
);

/** Reasons of the conditions of campaigns with spec.issuance, a part of conditions.ts. Pure; imports nothing. */
export const ISSUANCE_CONDITIONS = {
  /**
   * Every winner has the voucher. False until then; the message says what issuance waits for, or how far it is. Only for a campaign
   * with spec.issuance.
   */
  Issued: [
    'AllIssued',
    'NotDrawn',
    'WaitingForAuthorization',
    'CommandUnreadable',
    'StocksUnknown',
    'SettingsDiffer',
    'Starting',
    'Issuing',
    'ChannelStopped',
    'Paused',
    'JournalUnavailable',
    'EntryUnreadable',
    'NotYetObserved',
  ],
  /**
   * Every channel can be asked. Judged by what issuance pods report of their requests. While it is False, vouchers of other channels
   * are issued, and those of this channel wait. Only for a campaign with spec.issuance.
   */
  ChannelsReachable: ['AllAnswer', 'ChannelRefuses', 'ChannelFailing', 'QuotaUsedUp', 'NotYetObserved'],
  /**
   * What the database counts of winners and vouchers adds up, and every channel has issued as many vouchers. While it is False, the
   * channels that differ are stopped. Only for a campaign with spec.issuance.
   */
  BooksBalanced: [
    'Settled',
    'Balanced',
    'NotStarted',
    'FactsDiffer',
    'ChannelDiffers',
    'NotCompared',
    'CountsMissing',
    'NotYetObserved',
  ],
} as const;

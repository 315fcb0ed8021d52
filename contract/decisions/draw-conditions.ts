/** Reasons of the conditions about list and draw, a part of conditions.ts. Pure; imports nothing. */
export const DRAW_CONDITIONS = {
  /**
   * The journal has a list of the winners of each earlier campaign of spec.eligibility.excludeWinnersOf. While it is False, the list of
   * the draw is not frozen. Only for a campaign that names one.
   */
  EarlierWinnersExcluded: [
    'Excluded',
    'CampaignNotFound',
    'KeysDestroyed',
    'WaitingForResult',
    'WaitingForIssuance',
    'MakingLists',
    'JournalUnavailable',
    'EntryUnreadable',
    'NotYetObserved',
  ],
  /** The list of the draw is fixed, for ever: each shard counts up to its barrier, and later messages change nothing. */
  ListFrozen: [
    'Frozen',
    'Listed',
    'NotClosed',
    'WaitingForDeadline',
    'WaitingForMargin',
    'Deferred',
    'WaitingForEarlierWinners',
    'ClockOff',
    'WaitingForVerification',
    'PublishingBarriers',
    'WaitingForConsumers',
    'WaitingForComparison',
    'RecordsDiffer',
    'JournalUnavailable',
    'EntryUnreadable',
    'NotYetObserved',
  ],
  /**
   * The commitment of the draw is published: lists, quotas and sources are fixed, and no source has its value yet. Only for a campaign
   * with spec.draw.sources.
   */
  DrawCommitted: [
    'Committed',
    'Postponed',
    'NotListed',
    'WaitingForAuthorization',
    'Committing',
    'CommandUnreadable',
    'JournalUnavailable',
    'EntryUnreadable',
    'NotYetObserved',
  ],
  /** The draw has its result. Only for a campaign with spec.draw.sources. */
  Drawn: [
    'Drawn',
    'Announced',
    'Promoting',
    'NotCommitted',
    'WaitingForTime',
    'WaitingForValues',
    'ValuesDiffer',
    'WaitingForSources',
    'Drawing',
    'JournalUnavailable',
    'EntryUnreadable',
    'NotYetObserved',
  ],
} as const;

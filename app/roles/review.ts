/** Wires manual review into the verification tier, whose keys and permissions it uses. */
import type { JournalConnection } from '../../journal/connection.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import { createFactAfter } from '../../journal/receipts/fact-after.ts';
import { createReceiptJournal } from '../../journal/receipts/receipt-journal.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Opener } from '../keys/opener.ts';
import { anonymousError } from '../log.ts';
import { createReviewMetrics } from '../review/metrics.ts';
import { createReviewQueue } from '../review/queue.ts';
import { type AnswerReview, createReview } from '../review/review.ts';
import type { RoleContext } from './role.ts';

interface Wired {
  readonly connection: JournalConnection;
  readonly settings: LiveSettingsSource;
  readonly opener: Opener;
  /** Agreed wall milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export const wireReview = (
  { config, registry, log }: RoleContext,
  { connection, settings, opener, now, signal }: Wired,
): AnswerReview => {
  const { campaignId, site, shards } = config.app;
  const { monotonicMs } = systemClock;
  const count = createReviewMetrics(registry);
  const journal = createReceiptJournal({ connection, campaignId, shards, monotonicMs, signal });
  return createReview({
    site,
    settings,
    journal,
    queue: createReviewQueue({
      shards,
      factAfter: createFactAfter({ connection, campaignId }),
      receipts: journal,
      monotonicMs,
    }),
    opener,
    now,
    wallClockMs: () => systemClock.now(),
    monotonicMs,
    report(action, outcome, by, error) {
      count(action, outcome);
      if (by !== undefined)
        log.info({ action, outcome, by, ...(error === undefined ? {} : anonymousError(error)) }, 'review');
    },
    signal,
  });
};

/** Every event of a campaign's journal up to a position in each shard, one shard after the other. */
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { Stored } from '../../journal/reading.ts';
import { decodeMessage } from './decode.ts';

export interface CampaignReplay {
  readonly campaignId: string;
  readonly journal: {
    /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
    replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
  };
}

/** @param upTo last sequence that counts, by shard */
export async function* eventsUpTo(
  { campaignId, journal }: CampaignReplay,
  upTo: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<EventEnvelope> {
  for (const [shard, last] of upTo.entries()) {
    for await (const batch of journal.replay(shard, 1, signal)) {
      for (const message of batch) {
        if (message.sequence > last) break;
        const decoded = decodeMessage(message, campaignId);
        if (decoded.kind === 'event') yield decoded.event;
      }
    }
  }
}

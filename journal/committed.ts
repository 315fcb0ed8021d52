/** How far the records tier is: everything up to there is in the database. */
import { consumerName, shardStreamName } from '../contract/names.ts';
import { abortable } from '../runtime/abortable.ts';
import { createJournalApi } from './api.ts';
import type { CampaignJournal } from './connection.ts';
import { about } from './errors.ts';

/**
 * By shard. A leader that was deposed without knowing it, or positions that were lost, give less, never more.
 * The function rejects when one is unknown.
 */
export const createCommitted = ({ connection, campaignId, shards }: CampaignJournal) => {
  const api = createJournalApi(connection);
  return async (signal: AbortSignal): Promise<readonly number[]> => {
    const manager = await api(signal);
    const asked = Array.from({ length: shards }, async (_, shard) => {
      const info = manager.consumers.info(shardStreamName(campaignId, shard), consumerName('records'));
      const { ack_floor } = await about(`ask how far records is in shard ${shard}`, info);
      return ack_floor.stream_seq;
    });
    return abortable(Promise.all(asked), signal);
  };
};

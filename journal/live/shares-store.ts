/** Implements SharesStore: one key of the live bucket for each tier. */
import { sharesKey } from '../../contract/outside/outside.ts';
import type { SharesStore } from '../administration.ts';
import type { JournalApi } from '../api.ts';
import { readLiveKey, writeLiveKey } from './live-keys.ts';
import { parseShares } from './outside-shares.ts';

export const createSharesStore = (api: JournalApi): SharesStore => ({
  async read(campaignId, tier, signal) {
    const { data, revision } = await readLiveKey(api, { campaignId, key: sharesKey(tier) }, signal);
    return { value: data && parseShares(data), revision };
  },
  write: (campaignId, tier, value, revision, signal) =>
    writeLiveKey(api, { campaignId, key: sharesKey(tier) }, JSON.stringify(value), revision, signal),
});

/** Implements SharesStore: keys of the live bucket, as messages of its stream, so that only its leader answers. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { liveBucketName } from '../contract/names.ts';
import { sharesKey } from '../contract/outside/outside.ts';
import type { Tier } from '../contract/tiers.ts';
import { abortable } from '../runtime/abortable.ts';
import type { SharesStore } from './administration.ts';
import type { JournalApi } from './api.ts';
import { orUndefined, WRONG_LAST_SEQUENCE } from './errors.ts';
import { parseShares } from './outside-shares.ts';

const WRITE_WITHIN_MS = 3_000;

const placeOf = (campaignId: string, tier: Tier) => {
  const bucket = liveBucketName(campaignId);
  return { stream: `KV_${bucket}`, subject: `$KV.${bucket}.${sharesKey(tier)}` };
};

export const createSharesStore = (api: JournalApi): SharesStore => ({
  async read(campaignId, tier, signal) {
    const { stream, subject } = placeOf(campaignId, tier);
    const { streams } = await api(signal);
    const message = await abortable(orUndefined(streams.getMessage(stream, { last_by_subj: subject })), signal);
    if (message === undefined || message === null) return { value: undefined, revision: 0 };
    return { value: parseShares(message.data), revision: message.seq };
  },

  async write(campaignId, tier, value, revision, signal) {
    const { stream, subject } = placeOf(campaignId, tier);
    const manager = await api(signal);
    const expect = { streamName: stream, lastSubjectSequence: revision };
    const writing = manager.jetstream().publish(subject, JSON.stringify(value), { expect, timeout: WRITE_WITHIN_MS });
    try {
      return (await abortable(writing, signal)).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return undefined;
      throw error;
    }
  },
});

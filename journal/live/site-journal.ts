/** What an intake pod asks of the journal for its site: a durable write, and the fingerprints of the keys that the campaign began with. */
import { jetstream } from '@nats-io/jetstream';
import { z } from 'zod';
import { liveBucketName } from '../../contract/names.ts';
import { type KeyFingerprints, SITE_KEYS } from '../../contract/sites.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { createJournalApi } from '../api.ts';
import type { CampaignJournal } from '../connection.ts';
import { readLiveKey, writeLiveKey } from './live-keys.ts';

export interface SiteJournal {
  /** Resolves once a quorum has stored a write. @throws Error when it does not within that time */
  probe(withinMs: number): Promise<void>;
  /** Stores them if there are none. @returns those that are stored @throws Error while the journal does not answer */
  fingerprints(own: KeyFingerprints, signal: AbortSignal): Promise<KeyFingerprints>;
}

const fingerprints: z.ZodType<KeyFingerprints> = z.object({ citizen: z.string(), canary: z.string() });

export const createSiteJournal = ({
  connection,
  campaignId,
}: Pick<CampaignJournal, 'connection' | 'campaignId'>): SiteJournal => {
  const api = createJournalApi(connection);
  const keys = { campaignId, key: SITE_KEYS.keys };
  const stream = jetstream(connection.nats);
  return {
    async probe(timeout) {
      await stream.publish(`$KV.${liveBucketName(campaignId)}.${SITE_KEYS.probe}`, '', { timeout });
    },
    async fingerprints(own, signal) {
      const stored = await readLiveKey(api, keys, signal);
      if (stored.data === undefined) {
        const revision = await writeLiveKey(api, keys, JSON.stringify(own), stored.revision, signal);
        if (revision !== undefined) return own;
        // Another pod was quicker.
        const { data = new Uint8Array() } = await readLiveKey(api, keys, signal);
        return parsed(data);
      }
      return parsed(stored.data);
    },
  };
};

/** @throws Error for anything else, so that the caller asks again */
const parsed = (data: Uint8Array): KeyFingerprints => {
  const found = parseUntrusted(fingerprints, Buffer.from(data).toString('utf8'));
  if (found === undefined) throw new Error(`the key ${SITE_KEYS.keys} of the live bucket has no fingerprints`);
  return found;
};

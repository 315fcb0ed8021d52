/** Wrapped data keys in a bucket of their own, outside the journal: destroying one destroys a day's personal data. */
import { Kvm } from '@nats-io/kv';
import { dataKeyBucketName } from '../../operator/api/names.ts';
import type { DataKeyStore } from '../keys/key-ring.ts';
import type { JournalConnection } from './connection.ts';

export const createDataKeyStore = (connection: JournalConnection, campaignId: string): DataKeyStore => ({
  async getOrCreate(day, wrapped, signal) {
    signal.throwIfAborted();
    const kv = await new Kvm(connection.nats).open(dataKeyBucketName(campaignId));
    const standing = await kv.get(day);
    if (standing !== null && standing.operation === 'PUT') return standing.value;
    try {
      await kv.create(day, wrapped);
      return wrapped;
    } catch (error) {
      // Another pod was quicker, or the answer got lost on the way: what stands is read, never assumed.
      const winner = await kv.get(day);
      if (winner !== null && winner.operation === 'PUT') return winner.value;
      throw error;
    }
  },
});

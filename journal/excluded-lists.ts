/**
 * Lists of earlier winners (contract/decisions/exclusion.ts) in a bucket of the campaign, in chunks. The control stream has the digest;
 * the bytes are not in it, because it is for decisions, and has room for 32 MiB. A bucket is removed with the campaign, and one chunk
 * of it can be read for one person.
 */
import { hash } from 'node:crypto';
import { type KV, Kvm } from '@nats-io/kv';
import {
  chunkKey,
  chunkOf,
  EXCLUDED_BYTES,
  excludedBucketName,
  type FrozenExclusion,
  hasHash,
} from '../contract/decisions/exclusion.ts';
import { abortable } from '../runtime/abortable.ts';
import { atMost } from '../runtime/at-most.ts';
import { createJournalApi } from './api.ts';
import type { JournalConnection } from './connection.ts';
import { about, orUndefined } from './errors.ts';

type List = Pick<FrozenExclusion, 'entries' | 'digest' | 'chunkBits'>;

/** The stored list is not the one that the control stream names. */
export class OtherExclusionError extends Error {
  override readonly name = 'OtherExclusionError';
}

const AT_ONCE = 8;

export const createExcludedLists = ({
  connection,
  campaignId,
}: {
  readonly connection: JournalConnection;
  readonly campaignId: string;
}) => {
  const bucket = excludedBucketName(campaignId);
  const inTurn = atMost(AT_ONCE);
  const api = createJournalApi(connection);
  let opening: Promise<KV> | undefined;
  const open = (signal: AbortSignal): Promise<KV> => {
    opening ??= new Kvm(connection.nats).open(bucket).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return abortable(opening, signal);
  };

  /** Of the leader: buckets have no direct gets. Undefined: it has no hashes. */
  const chunk = async (digest: string, index: number, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const { streams } = await api(signal);
    const last = { last_by_subj: `$KV.${bucket}.${chunkKey(digest, index)}` };
    const ask = () => about(`read a chunk of ${bucket}`, orUndefined(streams.getMessage(`KV_${bucket}`, last)));
    const message = await inTurn(() => abortable(ask(), signal));
    return message?.data;
  };

  return {
    /** @param list sorted @throws Error when it is unknown whether all of it is stored; again is safe */
    async put(list: Buffer, { digest, chunkBits }: List, signal: AbortSignal): Promise<void> {
      const kv = await open(signal);
      const puts: Promise<unknown>[] = [];
      for (let start = 0; start < list.length; ) {
        const index = chunkOf(list, start, chunkBits);
        let end = start;
        while (end < list.length && chunkOf(list, end, chunkBits) === index) end += EXCLUDED_BYTES;
        const bytes = list.subarray(start, end);
        puts.push(
          inTurn(() => abortable(about(`write a chunk of ${bucket}`, kv.put(chunkKey(digest, index), bytes)), signal)),
        );
        start = end;
      }
      await Promise.all(puts);
    },
    /** @throws OtherExclusionError, and Error when a chunk can't be read */
    async read({ digest, chunkBits, entries }: List, signal: AbortSignal): Promise<Buffer> {
      const all = Array.from({ length: 2 ** chunkBits }, (_, index) => index);
      const chunks = await Promise.all(all.map((index) => chunk(digest, index, signal)));
      const list = Buffer.concat(chunks.filter((one) => one !== undefined));
      if (list.length === entries * EXCLUDED_BYTES && hash('sha256', list, 'hex') === digest) return list;
      throw new OtherExclusionError(
        `the bucket ${bucket} has ${list.length / EXCLUDED_BYTES} of ${entries} hashes of the list ${digest}, or others: part of it is lost`,
      );
    },
    /** Whether this person is in the list. @param citizenHash hex @throws Error when that is unknown */
    async has({ digest, chunkBits }: List, citizenHash: string, signal: AbortSignal): Promise<boolean> {
      const first = Buffer.from(citizenHash.slice(0, EXCLUDED_BYTES * 2), 'hex');
      const sorted = await chunk(digest, chunkOf(first, 0, chunkBits), signal);
      return sorted !== undefined && hasHash(sorted, first);
    },
  };
};
export type ExcludedLists = ReturnType<typeof createExcludedLists>;

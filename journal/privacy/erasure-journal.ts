/**
 * Implements ErasureJournal. Which receipts are of one person is read from the journal itself, all of it: a database may be behind, and
 * no subject names a person. One pass at a time and process, in batches, so that ticks go on.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { encodeEnvelope, parseEnvelope } from '../../contract/envelope-schema.ts';
import { astraySubject, eventSubject, shardStreamName, typeOfSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import { abortable } from '../../runtime/abortable.ts';
import { atMost } from '../../runtime/at-most.ts';
import { API_WITHIN_MS, createJournalApi } from '../api.ts';
import type { JournalConnection } from '../connection.ts';
import { about } from '../errors.ts';
import type { Stored } from '../reading.ts';
import { createJournalReplay } from '../replay.ts';
import type { ErasureJournal, ErasureRequest } from './erasing.ts';

type Registration = Pick<EventEnvelope, 'receipt' | 'citizenHash' | 'kind'>;

/** The registration in a message, if it is one of this person. Most messages are of others, and not parsed. */
const ofPerson = ({ subject, data }: Stored, citizenHash: string): Registration | undefined => {
  // Subjects of early builds have the type of their event, too.
  if (
    typeOfSubject(subject) !== 'received' ||
    !Buffer.from(data.buffer, data.byteOffset, data.length).includes(citizenHash)
  )
    return undefined;
  const parsed = parseEnvelope(data);
  return parsed.kind === 'valid' && parsed.event.citizenHash === citizenHash ? parsed.event : undefined;
};

const erasedEvent = (
  { receipt, citizenHash, kind }: Registration,
  { campaignId, at, site }: ErasureRequest,
): EventEnvelope => ({
  v: 1,
  id: `${receipt}.erased`,
  type: 'erased',
  kind,
  campaignId,
  receipt,
  citizenHash,
  at,
  site,
  keyId: '',
  data: {},
});

export const createErasureJournal = (connection: JournalConnection): ErasureJournal => {
  const api = createJournalApi(connection);
  const inTurn = atMost(1);

  const everyShard = (shards: number): readonly number[] => Array.from({ length: shards }, (_, shard) => shard);

  const last = async (campaignId: string, shard: number, subject: string, signal: AbortSignal) => {
    const { streams } = await api(signal);
    const asked = streams.getMessage(shardStreamName(campaignId, shard), { last_by_subj: subject });
    return abortable(about(`look a receipt up in shard ${shard}`, asked), signal);
  };

  const find = async (
    { campaignId, shards, receipt }: ErasureRequest,
    signal: AbortSignal,
  ): Promise<Registration | undefined> => {
    const found = await Promise.all(
      everyShard(shards).flatMap((shard) =>
        [eventSubject(campaignId, shard, 'received', receipt), astraySubject(campaignId, shard, receipt)].map(
          (subject) => last(campaignId, shard, subject, signal),
        ),
      ),
    );
    for (const message of found) {
      const parsed = message === null ? undefined : parseEnvelope(message.data);
      if (parsed?.kind === 'valid' && parsed.event.receipt === receipt) return parsed.event;
    }
    return undefined;
  };

  /** By receipt. */
  const registrationsOf = async (
    { campaignId, shards }: ErasureRequest,
    citizenHash: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Registration>> => {
    const { replay } = createJournalReplay({ connection, campaignId });
    const found = new Map<string, Registration>();
    for (const shard of everyShard(shards)) {
      for await (const batch of replay(shard, 1, signal)) {
        for (const message of batch) {
          const one = ofPerson(message, citizenHash);
          if (one !== undefined) found.set(one.receipt, one);
        }
        // The ticks of other campaigns run in this process too.
        await turn();
      }
    }
    return found;
  };

  const append = async (one: Registration, request: ErasureRequest, signal: AbortSignal): Promise<void> => {
    const { campaignId, shards } = request;
    const home = shardOf(one.citizenHash, shards);
    const subject = eventSubject(campaignId, home, 'erased', one.receipt);
    if ((await last(campaignId, home, subject, signal)) !== null) return;
    const event = erasedEvent(one, request);
    const manager = await api(signal);
    const expect = { streamName: shardStreamName(campaignId, home) };
    const publishing = manager
      .jetstream()
      .publish(subject, encodeEnvelope(event), { msgID: event.id, expect, timeout: API_WITHIN_MS });
    await abortable(about('append that a receipt is erased', publishing), signal);
  };

  return {
    async erase(request, signal) {
      const named = await find(request, signal);
      if (named === undefined) return { kind: 'unknownReceipt' };
      // The named one at once: a long pass must not delay it.
      await append(named, request, signal);
      const all = await inTurn(() => registrationsOf(request, named.citizenHash, signal));
      for (const one of all.values()) await append(one, request, signal);
      return { kind: 'erased', receipts: [...new Set([named.receipt, ...all.keys()])].sort() };
    },
  };
};

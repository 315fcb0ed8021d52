/** Reads every shard from its first message up to its barrier, and makes sure that it is every message. */
import type { Frozen } from '../../contract/decisions/control.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { typeOfSubject } from '../../contract/names.ts';
import type { Stored } from '../../journal/reading.ts';
import { decodeMessage } from '../records/decode.ts';
import type { ShardReplay } from './ports.ts';

/** A shard is not what was frozen: no list can be made of it. */
export class FrozenJournalError extends Error {
  override readonly name = 'FrozenJournalError';
}

export interface ReadCounts {
  readonly messages: number;
  /** Messages that are no events, as the records workers set them aside. */
  readonly setAside: number;
}

/**
 * | what a shard gives                             | result                                                           |
 * |------------------------------------------------|------------------------------------------------------------------|
 * | sequences 1, 2, 3, … up to the barrier          | each event goes to `add`                                         |
 * | a sequence is left out, or it ends before       | error: messages are lost                                         |
 * | no barrier at the sequence of the barrier       | error: it is another stream than the one that was frozen          |
 * | an event of a later release                     | error: it may decide who takes part                               |
 * | a message that is no event                      | counted, and left out as in the database                          |
 * | messages after the barrier                      | not looked at                                                     |
 */
const readShard = async (
  replay: ShardReplay,
  { campaignId, barriers }: Frozen,
  shard: number,
  add: (event: EventEnvelope) => void,
  signal: AbortSignal,
): Promise<ReadCounts> => {
  const barrier = barriers[shard] ?? 0;
  let reached = 0;
  let setAside = 0;
  const take = (message: Stored): void => {
    const { sequence, subject } = message;
    if (sequence !== reached + 1) {
      throw new FrozenJournalError(
        `shard ${shard} has no message ${reached + 1}, the next is ${sequence}: registrations before the freeze are lost`,
      );
    }
    reached = sequence;
    const decoded = decodeMessage(message, campaignId);
    if (decoded.kind === 'unknown') {
      throw new FrozenJournalError(
        `message ${sequence} of shard ${shard} is of a later release (version ${decoded.v}, type ${decoded.type}): run the draw with that release`,
      );
    }
    if (decoded.kind === 'rejected') setAside += 1;
    if (sequence === barrier && (decoded.kind !== 'event' || typeOfSubject(subject) !== 'barrier')) {
      throw new FrozenJournalError(
        `message ${sequence} of shard ${shard} is not the barrier of the freeze: it is not the stream that was frozen`,
      );
    }
    if (decoded.kind === 'event') add(decoded.event);
  };
  for await (const batch of replay.replay(shard, 1, signal)) {
    for (const message of batch) {
      if (reached < barrier) take(message);
    }
    if (reached >= barrier) return { messages: reached, setAside };
  }
  throw new FrozenJournalError(
    `shard ${shard} ends at message ${reached}, before its barrier ${barrier}: registrations before the freeze are lost`,
  );
};

/** One shard after the other: decoding takes the whole core. @throws FrozenJournalError */
export const readFrozen = async (
  replay: ShardReplay,
  frozen: Frozen,
  add: (event: EventEnvelope) => void,
  signal: AbortSignal,
): Promise<ReadCounts> => {
  let [messages, setAside] = [0, 0];
  for (const shard of frozen.barriers.keys()) {
    const counts = await readShard(replay, frozen, shard, add, signal);
    messages += counts.messages;
    setAside += counts.setAside;
  }
  return { messages, setAside };
};

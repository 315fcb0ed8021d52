/**
 * Publishes the fact of every winner and of everyone on the waitlist, each to its citizen's home shard. Every copy is the same: `at` is
 * the time of the result. A Job that goes on after another one reads the facts behind the barriers first, and publishes only the others.
 */
import type { Frozen } from '../../contract/decisions/control.ts';
import type { Drawn } from '../../contract/decisions/draw.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { atMost } from '../../runtime/at-most.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { decodeMessage } from '../records/decode.ts';
import { createEntryWriter, ENTRY_BYTES } from './entry.ts';
import type { PublishFact, ShardReplay } from './ports.ts';
import { FrozenJournalError, readFrozen } from './read-frozen.ts';
import { RECEIPT_WORDS, readReceipt } from './receipt-words.ts';
import type { Place, Winners } from './winners.ts';

export interface AnnounceDeps {
  readonly campaignId: string;
  readonly site: string;
  readonly citizenKey: SecretKey;
  readonly replay: ShardReplay;
  readonly publish: PublishFact;
}

/** Facts without an answer: a round trip of 20 ms gives 12,000 a second. */
const IN_FLIGHT = 256;

/**
 * A fact that the draw decides of a person: the same in every copy.
 *
 * @param from the registration
 * @param step of the chain, whose time it has
 */
export const placeFact = (
  type: 'won' | 'waitlisted' | 'promoted' | 'lost',
  { receipt, citizenHash }: EventEnvelope,
  data: { readonly voucher: string; readonly draw: string; readonly place?: number },
  { campaignId, site }: Pick<AnnounceDeps, 'campaignId' | 'site'>,
  { at, attempt }: Pick<Drawn, 'at' | 'attempt'>,
): EventEnvelope => ({
  v: 1,
  id: `${receipt}.${type}`,
  type,
  kind: 'citizen',
  campaignId,
  receipt,
  citizenHash,
  at,
  site,
  keyId: '',
  data: { ...data, commitment: attempt },
});

/** @returns the entry of a receipt, valid until the next call; undefined for what is no receipt number of this product */
export const entriesOf = (citizenKey: SecretKey, campaignId: string): ((receipt: string) => Buffer | undefined) => {
  const write = createEntryWriter(citizenKey, campaignId);
  const words = new Uint32Array(RECEIPT_WORDS);
  const entry = Buffer.alloc(ENTRY_BYTES);
  return (receipt) => {
    if (!readReceipt(receipt, words)) return undefined;
    write(words, 0, entry, 0);
    return entry;
  };
};

/**
 * @param winners those of the result, none of them taken
 * @returns facts that this run published
 * @throws FrozenJournalError where the journal does not have everyone
 */
export const announce = async (
  deps: AnnounceDeps,
  frozen: Frozen,
  drawn: Drawn,
  winners: Winners,
  signal: AbortSignal,
): Promise<number> => {
  const { campaignId, citizenKey, replay, publish } = deps;
  const entryOf = entriesOf(citizenKey, campaignId);
  const take = (receipt: string): Place | undefined => {
    const entry = entryOf(receipt);
    return entry === undefined ? undefined : winners.take(entry);
  };
  for (const [shard, barrier] of frozen.barriers.entries()) {
    for await (const batch of replay.replay(shard, barrier + 1, signal)) {
      for (const message of batch) {
        const decoded = decodeMessage(message, campaignId);
        if (decoded.kind !== 'event') continue;
        const { type, receipt, at } = decoded.event;
        if ((type === 'won' || type === 'waitlisted') && at === drawn.at) take(receipt);
      }
    }
  }

  const gate = atMost(IN_FLIGHT);
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const underWay = new Set<Promise<void>>();
  let published = 0;
  const send = (event: EventEnvelope): void => {
    published += 1;
    const sending: Promise<void> = gate(() => publish(event, either))
      .catch((error: unknown) => ending.abort(error))
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  };
  const room = async (): Promise<void> => {
    while (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
    either.throwIfAborted();
  };
  try {
    const add = (event: EventEnvelope): void => {
      if (event.type !== 'received' || event.kind !== 'citizen') return;
      const place = take(event.receipt);
      if (place === undefined) return;
      const { type, ...data } = place;
      send(placeFact(type, event, { ...data, draw: drawn.digest }, deps, drawn));
    };
    await readFrozen(paced(replay, room), frozen, add, either);
    await Promise.all(underWay);
    either.throwIfAborted();
  } catch (error) {
    ending.abort(error);
    throw ending.signal.reason ?? error;
  }
  if (winners.left() > 0)
    throw new FrozenJournalError(
      `the journal has no registration of ${winners.left()} people who have a place in the result`,
    );
  return published;
};

/** Reads on only while there is room, so that a batch at a time waits for its facts. */
const paced = (replay: ShardReplay, room: () => Promise<void>): ShardReplay => ({
  async *replay(shard, fromSequence, signal) {
    for await (const batch of replay.replay(shard, fromSequence, signal)) {
      await room();
      yield batch;
    }
  },
});

/**
 * Follows the journal: every message of every shard, once and in order, into the rows that must be there; and which citizens have messages
 * that the database may not have yet.
 */
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { Stored } from '../../journal/reading.ts';
import { factBeats } from '../core/projection.ts';
import { decodeMessage } from '../records/decode.ts';
import { createExpected, type Expected, type Tie } from './expected.ts';
import type { CompareJournal } from './ports.ts';
import type { Position } from './tables.ts';

/** Messages of one shard that the database may not have, oldest first: the persons whom they concern. */
const createInFlight = () => {
  let sequences: number[] = [];
  let persons: number[] = [];
  let start = 0;
  return {
    push(sequence: number, person: number): void {
      sequences.push(sequence);
      persons.push(person);
    },
    /** Forgets what is committed, and returns the others. */
    after(committed: number): Iterable<number> {
      while (start < sequences.length && (sequences[start] ?? 0) <= committed) start += 1;
      if (start > 0) {
        sequences = sequences.slice(start);
        persons = persons.slice(start);
        start = 0;
      }
      return persons;
    },
  };
};

export interface JournalState {
  readonly expected: Expected;
  /**
   * Reads on to the end of every shard.
   * @param committed what the database has: of those messages no list is kept, because of 13 million it would not fit into the Job's heap
   * @throws Error when the journal does not answer; calling again goes on
   */
  readOn(signal: AbortSignal, committed: readonly number[]): Promise<void>;
  /** By shard: the last message that was read. */
  reached(): readonly number[];
  /** By shard: the last barrier; 0: none. */
  barriers(): readonly number[];
  /** Persons with messages above these. */
  inFlight(committed: readonly number[]): ReadonlySet<number>;
  /** Persons of whom the database refused a message. */
  excused(): ReadonlySet<number>;
  /** Citizens with a receipt that is no receipt number of this product: not compared, and named by 128 bits. */
  oddCitizens(): ReadonlySet<string>;
  /** The event of a message; undefined: it is none. */
  eventAt(position: Position, signal: AbortSignal): Promise<EventEnvelope | undefined>;
  /**
   * A message that the database refused: its citizen is not compared from now on. Only after the journal was read up to it.
   * @returns whether the message was read: once
   */
  excuse(position: Position, signal: AbortSignal): Promise<boolean>;
}

export const createJournalState = (
  campaignId: string,
  shards: number,
  { replay }: Pick<CompareJournal, 'replay'>,
): JournalState => {
  const expected = createExpected();
  const reached = Array.from({ length: shards }, () => 0);
  const barriers = Array.from({ length: shards }, () => 0);
  const inFlight = reached.map(createInFlight);
  const excused = new Set<number>();
  const odd = new Set<string>();
  const refused = new Set<string>();

  const eventOf = (message: Stored): EventEnvelope | undefined => {
    const decoded = decodeMessage(message, campaignId);
    return decoded.kind === 'event' ? decoded.event : undefined;
  };

  const eventAt: JournalState['eventAt'] = async ({ shard, sequence }, signal) => {
    for await (const [first] of replay(shard, sequence, signal)) {
      return first?.sequence === sequence ? eventOf(first) : undefined;
    }
    return undefined;
  };

  /** Rare: two pods accepted one receipt in the same millisecond. */
  const settle = async (event: EventEnvelope, { known, replace }: Tie, signal: AbortSignal): Promise<void> => {
    const other = await eventAt(known, signal);
    if (other === undefined) throw new Error(`message ${known.sequence} of shard ${known.shard} can't be read again`);
    if (factBeats(event, other)) replace();
  };

  const take = async (shard: number, message: Stored, committed: number, signal: AbortSignal): Promise<void> => {
    const { sequence } = message;
    const event = eventOf(message);
    if (event?.type === 'barrier') barriers[shard] = sequence;
    else if (event !== undefined) {
      const position = { shard, sequence };
      const added = expected.add(event, position);
      if (added === undefined) odd.add(event.citizenHash.slice(0, 32));
      else {
        if (added.tie !== undefined) await settle(event, added.tie, signal);
        if (sequence > committed) inFlight[shard]?.push(sequence, added.person);
      }
    }
    reached[shard] = sequence;
  };

  return {
    expected,
    async readOn(signal, committed) {
      for (let shard = 0; shard < shards; shard += 1) {
        for await (const batch of replay(shard, (reached[shard] ?? 0) + 1, signal)) {
          for (const message of batch) {
            if (message.sequence > (reached[shard] ?? 0)) await take(shard, message, committed[shard] ?? 0, signal);
          }
        }
      }
    },
    reached: () => [...reached],
    barriers: () => [...barriers],
    inFlight(committed) {
      const persons = new Set<number>();
      for (const [shard, messages] of inFlight.entries()) {
        for (const person of messages.after(committed[shard] ?? 0)) persons.add(person);
      }
      return persons;
    },
    excused: () => excused,
    oddCitizens: () => odd,
    eventAt,
    async excuse(position, signal) {
      const key = `${position.shard} ${position.sequence}`;
      if (refused.has(key)) return false;
      const event = await eventAt(position, signal);
      const person = event === undefined ? undefined : expected.personOf(event.citizenHash.slice(0, 32));
      if (person !== undefined) excused.add(person);
      refused.add(key);
      return true;
    },
  };
};

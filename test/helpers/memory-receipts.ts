/** The facts of receipts in memory, with the compare-and-set of the journal. */
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { FactAfter, ReceiptJournal, StoredFact, WholeReceipt } from '../../journal/publishing.ts';
import { homeShard } from './records.ts';

/** One journal for all shards: sequences rise, and the last fact of a receipt decides, as in journal/receipts/receipt-journal.ts. */
export const memoryJournal = () => {
  const stored: StoredFact[] = [];
  const world = { stored, answers: true, full: false, between: undefined as (() => void) | undefined };
  const put = (event: EventEnvelope): void => void stored.push({ event, sequence: stored.length + 1 });
  const of = ({ receipt }: Pick<EventEnvelope, 'receipt'>) => stored.filter(({ event }) => event.receipt === receipt);
  const append = (event: EventEnvelope, last: StoredFact | undefined, after: number) => {
    if (!world.answers) return { kind: 'unavailable', reason: 'unanswered' } as const;
    if (world.full) return { kind: 'unavailable', reason: 'full' } as const;
    if ((last?.sequence ?? 0) !== after || stored.some((one) => one.event.id === event.id)) {
      return { kind: 'overtaken' } as const;
    }
    put(event);
    return { kind: 'stored' } as const;
  };
  const journal: ReceiptJournal & WholeReceipt = {
    findRegistration: async (receipt) =>
      stored.find(({ event }) => event.receipt === receipt && event.type === 'received')?.event,
    findFacts: async (registration) =>
      world.answers
        ? of(registration).filter(
            ({ event: { type } }, index, all) =>
              type !== 'received' &&
              type !== 'reviewed' &&
              !all.slice(index + 1).some((one) => one.event.type === type),
          )
        : undefined,
    append: async (event, after) =>
      append(
        event,
        of(event).findLast((one) => one.event.type === event.type),
        after,
      ),
    async appendAfterAll(event, after) {
      const { between } = world;
      world.between = undefined;
      between?.();
      return append(event, of(event).at(-1), after);
    },
    last: async (registration, type) =>
      world.answers
        ? (of(registration).findLast(({ event }) => type === undefined || event.type === type) ?? 'none')
        : undefined,
  };
  const factAfter: FactAfter = async (shard, type, after) => {
    if (!world.answers) throw new Error('no leader');
    const isNext = ({ event, sequence }: StoredFact): boolean =>
      sequence > after && event.type === type && homeShard(event) === shard;
    return stored.find(isNext) ?? 'end';
  };
  return Object.assign(world, { journal, factAfter, put });
};

export type MemoryJournal = ReturnType<typeof memoryJournal>;

/**
 * Which receipts wait for a reviewer, oldest first: read from the journal when a reviewer asks, and kept in this process. A receipt whose
 * `manual_review n` no longer counts never waits with it again, because facts are a join (core/projection.ts). So it is forgotten.
 *
 * Bounded: a page looks at MOST_LOOKED receipts, a request reads for READ_WITHIN_MS, and at most MOST_KEPT receipts are kept. Beyond that
 * the later ones are read when earlier ones are decided.
 */
import type { EventEnvelope } from '../../contract/envelope.ts';
import { LIST_PAGE, type ReviewPage } from '../../contract/review.ts';
import type { FactAfter, ReceiptJournal } from '../../journal/publishing.ts';
import { shared } from '../../runtime/at-most.ts';
import { project } from '../core/projection.ts';
import { whyOf } from './words.ts';

export interface ReviewQueueDeps {
  readonly shards: number;
  readonly factAfter: FactAfter;
  readonly receipts: Pick<ReceiptJournal, 'findFacts'>;
  readonly monotonicMs: () => number;
}

export interface ReviewQueue {
  /** @param after the end of the last page @throws Error when the journal does not answer */
  page(after: string | undefined): Promise<ReviewPage>;
}

const READ_WITHIN_MS = 5_000;
const MOST_LOOKED = 400;
const LOOKED_AT_ONCE = 8;
/** Of 0.5 KiB. */
const MOST_KEPT = 100_000;

const cursorOf = ({ at, receipt }: EventEnvelope): string => `${at} ${receipt}`;

export const createReviewQueue = ({ shards, factAfter, receipts, monotonicMs }: ReviewQueueDeps): ReviewQueue => {
  const waiting = new Map<string, EventEnvelope>();
  const read: number[] = Array(shards).fill(0);

  const keep = (event: EventEnvelope): void => {
    const known = waiting.get(event.receipt);
    if (known === undefined || (known.attempt ?? 1) < (event.attempt ?? 1)) waiting.set(event.receipt, event);
  };

  /** True: there is no more. */
  const readShard = async (shard: number, untilMs: number): Promise<boolean> => {
    while (monotonicMs() < untilMs && waiting.size < MOST_KEPT) {
      const next = await factAfter(shard, 'manual_review', read[shard] ?? 0);
      if (next === 'end') return true;
      if ('event' in next && next.event.kind === 'citizen') keep(next.event);
      read[shard] = next.sequence;
    }
    return false;
  };

  const readAll = shared(async (): Promise<boolean> => {
    const untilMs = monotonicMs() + READ_WITHIN_MS;
    const ends = await Promise.all(read.map((_, shard) => readShard(shard, untilMs)));
    return ends.every(Boolean);
  });

  const stillWaits = async (event: EventEnvelope): Promise<boolean> => {
    const facts = await receipts.findFacts(event);
    if (facts === undefined) throw new Error('a shard does not answer');
    const all = [event, ...facts.map((fact) => fact.event)];
    const isLast = all.every(({ type, attempt = 1 }) => type !== 'manual_review' || attempt <= (event.attempt ?? 1));
    if (isLast && project(all).state === 'manual_review') return true;
    if (waiting.get(event.receipt) === event) waiting.delete(event.receipt);
    return false;
  };

  return {
    async page(after = '') {
      const isComplete = await readAll();
      const sorted = [...waiting.values()]
        .filter((event) => cursorOf(event) > after)
        .sort((a, b) => (cursorOf(a) < cursorOf(b) ? -1 : 1));
      const found: EventEnvelope[] = [];
      let looked = 0;
      while (looked < Math.min(sorted.length, MOST_LOOKED) && found.length < LIST_PAGE) {
        const some = sorted.slice(looked, looked + Math.min(LOOKED_AT_ONCE, LIST_PAGE - found.length));
        const waits = await Promise.all(some.map(stillWaits));
        found.push(...some.filter((_, index) => waits[index] === true));
        looked += some.length;
      }
      const last = sorted[looked - 1];
      return {
        receipts: found.map((event) => ({
          receipt: event.receipt,
          at: event.at,
          attempt: event.attempt ?? 1,
          why: whyOf(event) ?? '',
        })),
        ...(last !== undefined && looked < sorted.length ? { after: cursorOf(last) } : {}),
        isComplete,
      };
    },
  };
};

/**
 * Numbers of tickets, from blocks that this pod takes from the journal. A pod that ends leaves the rest of its block unused; serving
 * passes it.
 *
 * | the rest of the block            | serving has passed it | result |
 * |----------------------------------|-----------------------|--------|
 * | a number above serving           | –                     | that number |
 * | only numbers up to serving, or none | yes                | a new block, which begins above serving |
 * | … and the journal does not answer | yes                  | undefined, at once for all who wait |
 */
import { BLOCK } from '../../../contract/crowd/queue.ts';
import { shared } from '../../../runtime/at-most.ts';

/** Takes `size` numbers, the first of them above `above`. Undefined: the journal gave none. Never rejects. */
export type ClaimBlock = (size: number, above: number) => Promise<number | undefined>;

export interface NumbersDeps {
  readonly claim: ClaimBlock;
  readonly monotonicMs: () => number;
  /** Whose turn it is now; 0 before opening. */
  readonly serving: () => number;
}

const BLOCK_SECONDS = 0.5;
/** They wait for one answer of the journal; more are refused at once. */
const MOST_WAITING = 2_000;
/** A block that others emptied, or that serving passed while it was claimed, is followed by the next. */
const MOST_BLOCKS = 5;

/** 300 tickets within 0.4 s, and 20 who wait → 375 for the next half second. */
export const blockSize = (given: number, seconds: number, waiting: number): number =>
  Math.min(BLOCK.most, Math.max(BLOCK.least, waiting, Math.ceil((given / Math.max(seconds, 0.05)) * BLOCK_SECONDS)));

export const createNumbers = ({ claim, monotonicMs, serving }: NumbersDeps): (() => Promise<number | undefined>) => {
  let next = 1;
  let last = 0;
  let given = 0;
  let waiting = 0;
  let claimedAtMs: number | undefined;

  const fromBlock = (): number | undefined => {
    next = Math.max(next, serving() + 1);
    if (next > last) return undefined;
    given += 1;
    next += 1;
    return next - 1;
  };

  const refill = shared(async () => {
    const nowMs = monotonicMs();
    const size = blockSize(given, claimedAtMs === undefined ? 1 : (nowMs - claimedAtMs) / 1000, waiting);
    const first = await claim(size, serving());
    if (first === undefined) return false;
    [next, last, given, claimedAtMs] = [first, first + size - 1, 0, nowMs];
    return true;
  });

  return async () => {
    const ready = fromBlock();
    if (ready !== undefined) return ready;
    if (waiting >= MOST_WAITING) return undefined;
    waiting += 1;
    try {
      for (let tries = 0; tries < MOST_BLOCKS && (await refill()); tries += 1) {
        const number = fromBlock();
        if (number !== undefined) return number;
      }
      return undefined;
    } finally {
      waiting -= 1;
    }
  };
};

/** The keys that pods and operator share for the waiting room, in memory. Several intakes with one of them are pods of one campaign. */
import type { Queue } from '../../app/intake/waiting-room/room.ts';
import type { QueuePace, QueueShuffle } from '../../contract/crowd/queue.ts';

export interface FakeQueue extends Queue {
  pace(pace: Omit<QueuePace, 'v'>): void;
  shuffled(shuffle: Omit<QueueShuffle, 'v'>): void;
  /** Whether it gives numbers. */
  isAnswering: boolean;
  /** [first, size] of each block. */
  readonly blocks: readonly (readonly [number, number])[];
}

export const createFakeQueue = (): FakeQueue => {
  let next = 1;
  let pace: QueuePace | undefined;
  let shuffle: QueueShuffle | undefined;
  const listeners: ((pace: QueuePace) => void)[] = [];
  const blocks: (readonly [number, number])[] = [];
  const queue: FakeQueue = {
    isAnswering: true,
    blocks,
    next: () => next,
    shuffle: () => shuffle,
    onPace(listener) {
      listeners.push(listener);
      if (pace !== undefined) listener(pace);
    },
    async claim(size, above) {
      if (!queue.isAnswering) return undefined;
      const first = Math.max(next, above + 1);
      next = first + size;
      blocks.push([first, size]);
      return first;
    },
    pace(of) {
      pace = { v: 1, ...of };
      for (const listener of listeners) listener(pace);
    },
    shuffled(of) {
      shuffle = { v: 1, ...of };
    },
  };
  return queue;
};

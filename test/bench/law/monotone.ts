/** More arrivals, or more citizens who wait, never make the law want fewer replicas: asked directly, over a grid. */
import type { decide } from '../../../operator/scaling/decide.ts';
import { EMPTY_MEMORY, type TierInput, type TierLimits } from '../../../operator/scaling/types.ts';

const NOW_MS = Date.parse('2027-03-01T12:00:00Z');
const RATES: readonly number[] = [0, ...Array.from({ length: 40 }, (_, step) => Math.round(10 * 1.22 ** step))];
const WAITING: readonly number[] = [0, ...Array.from({ length: 40 }, (_, step) => Math.round(10 * 1.3 ** step))];
const PODS: readonly Pick<TierInput, 'replicas' | 'ready' | 'startingSeconds'>[] = [
  { replicas: 3, ready: 3, startingSeconds: [] },
  { replicas: 60, ready: 3, startingSeconds: Array.from({ length: 30 }, (_, pod) => pod / 10) },
  { replicas: 200, ready: 150, startingSeconds: Array.from({ length: 50 }, () => 5) },
];
const STARTS: readonly number[] = [2, 8, 60];

const LIMITS: TierLimits = {
  min: 2,
  max: 100_000,
  ceiling: 600,
  capacityPerReplica: 40,
  targetUtilisation: 0.7,
  drainWithinSeconds: 30,
  scheduleFloor: 0,
  down: { windowSeconds: 300, percentPerMinute: 10 },
};

interface Asked {
  readonly rate: number;
  readonly waiting: number;
}

type Queue = 'journal' | 'due back';

/** A tier whose queue is the journal, or the citizens who were shed. */
const inputOf = (
  { rate, waiting }: Asked,
  queue: Queue,
  pods: (typeof PODS)[number],
  startSeconds: number,
): TierInput => {
  const fresh = <T>(value: T) => ({ kind: 'fresh' as const, value, atMs: NOW_MS });
  const due = queue === 'due back' ? { dueBack: fresh({ citizens: waiting, perSecond: waiting / 2.5 }) } : {};
  return {
    nowMs: NOW_MS,
    ...pods,
    arrivals: fresh({ over1s: rate, over3s: rate, over60s: rate, risePerSecond: 0 }),
    ...(queue === 'journal' ? { backlog: fresh({ messages: waiting }) } : {}),
    ...due,
    startSeconds,
    createdPerSecond: 20,
  };
};

/** @returns a line for every pair of neighbours in the grid at which more was asked and fewer were wanted */
export const fallsOf = (law: typeof decide): { readonly asked: number; readonly falls: readonly string[] } => {
  let asked = 0;
  const found: string[] = [];
  const ask = (at: Asked, queue: Queue, pods: (typeof PODS)[number], startSeconds: number): number => {
    asked += 1;
    return law(inputOf(at, queue, pods, startSeconds), LIMITS, EMPTY_MEMORY).wanted;
  };
  for (const queue of ['journal', 'due back'] as const) {
    for (const pods of PODS) {
      for (const startSeconds of STARTS) {
        const table = RATES.map((rate) => WAITING.map((waiting) => ask({ rate, waiting }, queue, pods, startSeconds)));
        for (const [row, wanted] of table.entries()) {
          for (const [column, here] of wanted.entries()) {
            const where = `${queue}, ${pods.ready} of ${pods.replicas} Ready, start ${startSeconds} s, ${RATES[row]}/s, ${WAITING[column]} waiting`;
            const less = table[row - 1]?.[column] ?? 0;
            const shorter = wanted[column - 1] ?? 0;
            if (here < less) found.push(`${where}: ${here}, and ${less} for ${RATES[row - 1]}/s`);
            if (here < shorter) found.push(`${where}: ${here}, and ${shorter} for ${WAITING[column - 1]} waiting`);
          }
        }
      }
    }
  }
  return { asked, falls: found };
};

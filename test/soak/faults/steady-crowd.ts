/** Citizens at an even pace, each one new, until told otherwise. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../operator/runtime/clock.ts';
import { sleep } from '../../../operator/runtime/sleep.ts';
import { receiptOf, register } from '../../helpers/citizen-client.ts';

export interface SteadyCrowd {
  pace(perSecond: number): void;
  readonly counts: { sent: number; accepted: number; refused: number; broken: number };
  stop(): Promise<void>;
}

const STEP_MS = 50;
/** Those who wait for an answer; whoever comes when it is full is not sent, so that a standstill can't pile up sockets. */
const MOST_AT_ONCE = 500;

export const startSteadyCrowd = (url: string, perSecond: number): SteadyCrowd => {
  const ended = new AbortController();
  const counts = { sent: 0, accepted: 0, refused: 0, broken: 0 };
  const open = new Set<Promise<void>>();
  let pace = perSecond;
  let owed = 0;

  const come = async (citizen: number): Promise<void> => {
    try {
      if (receiptOf(await register(url, citizen, randomUUID())) === undefined) counts.refused += 1;
      else counts.accepted += 1;
    } catch {
      counts.broken += 1;
    }
  };
  const run = async (): Promise<void> => {
    let lastMs = systemClock.monotonicMs();
    while (!ended.signal.aborted) {
      await sleep(systemClock, STEP_MS, ended.signal);
      const nowMs = systemClock.monotonicMs();
      owed = Math.min(owed + (pace * (nowMs - lastMs)) / 1000, pace);
      lastMs = nowMs;
      for (; owed >= 1 && open.size < MOST_AT_ONCE; owed -= 1) {
        const coming = come(counts.sent++).finally(() => open.delete(coming));
        open.add(coming);
      }
    }
  };
  const running = run();
  return {
    counts,
    pace: (next) => {
      pace = next;
    },
    async stop() {
      ended.abort();
      await running;
      await Promise.allSettled(open);
    },
  };
};

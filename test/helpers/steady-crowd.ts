/** Citizens at an even pace, each one new, until told otherwise. Whoever is told to come again does, up to half later, as the page. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../../operator/runtime/clock.ts';
import { sleep } from '../../operator/runtime/sleep.ts';
import { type Answered, receiptOf, register } from './citizen-client.ts';

export interface SteadyCrowd {
  pace(perSecond: number): void;
  readonly counts: {
    came: number;
    accepted: number;
    /** By the last status of those who got no receipt; 0 for no answer. */
    readonly refused: Record<string, number>;
    /** Every answer, also to those who came again, by problem code, else by status. */
    readonly answers: Record<string, number>;
  };
  /** From the first request to the receipt, in the order of the receipts. */
  readonly waitsMs: readonly number[];
  /** Nobody comes any more; resolves when those who are there have a receipt or gave up. */
  stop(): Promise<void>;
}

const STEP_MS = 50;
/** Those who wait for an answer; whoever comes when it is full is not sent, so that a standstill can't pile up sockets. */
const MOST_AT_ONCE = 500;
const PATIENCE_MS = 30_000;
const AGAIN_MS = 500;

const problem = z.object({ code: z.string() });

const codeOf = (answer: Answered | undefined): string =>
  answer === undefined ? 'none' : (problem.safeParse(answer.body).data?.code ?? String(answer.status));

export const startSteadyCrowd = (
  url: string,
  perSecond: number,
  { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {},
): SteadyCrowd => {
  const ended = new AbortController();
  const counts: SteadyCrowd['counts'] = { came: 0, accepted: 0, refused: {}, answers: {} };
  const waitsMs: number[] = [];
  const open = new Set<Promise<void>>();
  let pace = perSecond;
  let owed = 0;

  const come = async (citizen: number): Promise<void> => {
    const [key, cameAtMs] = [randomUUID(), systemClock.monotonicMs()];
    const waited = (): number => systemClock.monotonicMs() - cameAtMs;
    let status = 0;
    do {
      const answer = await register(url, citizen, key).catch(() => undefined);
      status = answer?.status ?? 0;
      const kind = codeOf(answer);
      counts.answers[kind] = (counts.answers[kind] ?? 0) + 1;
      if (answer !== undefined && receiptOf(answer) !== undefined) {
        counts.accepted += 1;
        waitsMs.push(waited());
        return;
      }
      // Another request would be refused as well.
      if (status >= 400 && status < 500) break;
      const askedMs = Number(answer?.retryAfter ?? 0) * 1000 || AGAIN_MS;
      await sleep(systemClock, askedMs * (1 + Math.random() / 2), new AbortController().signal);
    } while (waited() < patienceMs);
    counts.refused[status] = (counts.refused[status] ?? 0) + 1;
  };
  const run = async (): Promise<void> => {
    let lastMs = systemClock.monotonicMs();
    while (!ended.signal.aborted) {
      await sleep(systemClock, STEP_MS, ended.signal);
      const nowMs = systemClock.monotonicMs();
      owed = Math.min(owed + (pace * (nowMs - lastMs)) / 1000, Math.max(1, pace));
      lastMs = nowMs;
      for (; owed >= 1 && open.size < MOST_AT_ONCE; owed -= 1) {
        const coming = come(counts.came++).finally(() => open.delete(coming));
        open.add(coming);
      }
    }
  };
  const running = run();
  return {
    counts,
    waitsMs,
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

/** New citizens at a steady rate until stopped. They keep their ticket, and retry after Retry-After plus up to half of it, as the page does. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../../runtime/clock.ts';
import { type Answered, receiptOf, register } from './citizen-client.ts';
import { eventually } from './eventually.ts';

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
  /** No new citizens; resolves when all others have a receipt or gave up. */
  stop(): Promise<void>;
}

interface Citizen {
  readonly index: number;
  readonly key: string;
  readonly cameAtMs: number;
  /** Of the waiting room. */
  readonly ticket?: string;
}

const STEP_MS = 50;
/** Limit of waiting citizens. At the limit new ones are not sent, so that a standstill can't pile up sockets. */
const MOST_AT_ONCE = 500;
const PATIENCE_MS = 30_000;
const AGAIN_MS = 500;
/** For a request that is under way when patience ends. */
const LAST_ANSWER_MS = 60_000;

const problem = z.object({ code: z.string(), ticket: z.string().optional() });

const codeOf = (answer: Answered | undefined): string =>
  answer === undefined ? 'none' : (problem.safeParse(answer.body).data?.code ?? String(answer.status));

const ticketIn = (answer: Answered | undefined): { readonly ticket?: string } => {
  const { ticket } = problem.safeParse(answer?.body).data ?? {};
  return ticket === undefined ? {} : { ticket };
};

export const startSteadyCrowd = (
  url: string,
  perSecond: number,
  { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {},
): SteadyCrowd => {
  const counts: SteadyCrowd['counts'] = { came: 0, accepted: 0, refused: {}, answers: {} };
  const waitsMs: number[] = [];
  const open = new Set<Promise<void>>();
  let toldToComeAgain: readonly (Citizen & { readonly dueAtMs: number })[] = [];
  let pace = perSecond;
  let owed = 0;

  const ask = async (citizen: Citizen): Promise<void> => {
    const headers: Record<string, string> = citizen.ticket === undefined ? {} : { 'x-queue-ticket': citizen.ticket };
    const answer = await register(url, citizen.index, citizen.key, { headers }).catch(() => undefined);
    const status = answer?.status ?? 0;
    const kind = codeOf(answer);
    const nowMs = systemClock.monotonicMs();
    counts.answers[kind] = (counts.answers[kind] ?? 0) + 1;
    if (answer !== undefined && receiptOf(answer) !== undefined) {
      counts.accepted += 1;
      waitsMs.push(nowMs - citizen.cameAtMs);
      return;
    }
    const askedMs = Number(answer?.retryAfter ?? 0) * 1000 || AGAIN_MS;
    const dueAtMs = nowMs + askedMs * (1 + Math.random() / 2);
    // Another request after a 4xx would be refused as well.
    const givesUp = (status >= 400 && status < 500) || dueAtMs - citizen.cameAtMs >= patienceMs;
    if (givesUp) counts.refused[status] = (counts.refused[status] ?? 0) + 1;
    else toldToComeAgain = [...toldToComeAgain, { ...citizen, ...ticketIn(answer), dueAtMs }];
  };
  const come = (citizen: Citizen): void => {
    const coming = ask(citizen).finally(() => open.delete(coming));
    open.add(coming);
  };
  let lastMs = systemClock.monotonicMs();
  const step = setInterval(() => {
    const nowMs = systemClock.monotonicMs();
    const due = toldToComeAgain.filter(({ dueAtMs }) => dueAtMs <= nowMs);
    toldToComeAgain = toldToComeAgain.filter(({ dueAtMs }) => dueAtMs > nowMs);
    for (const citizen of due) come(citizen);
    owed = Math.min(owed + (pace * (nowMs - lastMs)) / 1000, Math.max(1, pace));
    lastMs = nowMs;
    for (; owed >= 1 && open.size + toldToComeAgain.length < MOST_AT_ONCE; owed -= 1) {
      come({ index: counts.came++, key: randomUUID(), cameAtMs: nowMs });
    }
  }, STEP_MS);
  return {
    counts,
    waitsMs,
    pace: (next) => {
      pace = next;
    },
    async stop() {
      pace = 0;
      owed = 0;
      const isGone = (): boolean => open.size === 0 && toldToComeAgain.length === 0;
      const timeoutMs = patienceMs + LAST_ANSWER_MS;
      const gone = eventually(isGone, { timeoutMs, what: 'the last citizens to have an answer' });
      await gone.finally(() => clearInterval(step));
    },
  };
};

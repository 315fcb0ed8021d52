/**
 * A local provider's own count, against which tests judge the product. It holds no identity numbers: questions are counted by a
 * digest under a key that only this process has.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';

const countsByName = z.record(z.string(), z.number());

export const counts = z.object({
  startedAt: z.string(),
  requests: z.number(),
  connections: z.number(),
  /** Seconds with at least one request. */
  perSecond: z.array(
    z.object({
      /** Unix time. */
      second: z.number(),
      /** Every request, as it arrived. */
      requests: z.number(),
      /** Those above the limit. */
      throttled: z.number(),
    }),
  ),
  /** By what was answered (match, throttled, AuthFailure.SignatureFailure, …). */
  results: countsByName,
  /** By fault. A fault that spoils an answer counts there and in `results`. */
  faults: countsByName,
  /** Different questions that were looked up. */
  questions: z.number(),
  /** How many times, by digest. */
  askedMoreThanOnce: countsByName,
  /** Questions whose verdict was sent in full more than once: a call that was paid twice. By digest. */
  answeredMoreThanOnce: countsByName,
  /** When this process itself did not run: requests of these moments were counted late. */
  stalls: z.array(z.object({ at: z.string(), ms: z.number() })),
});
export type Counts = z.infer<typeof counts>;

/** One number a question, so that three million need 100 MB: how often it was asked, and how often answered times 1,024. */
const ANSWERED = 1_024;
const WATCH_EVERY_MS = 10;
const STALL_MS = 50;
const MOST_STALLS = 10_000;

export interface Counter {
  connected(): void;
  /** @returns how many requests this second had, with this one */
  arrived(nowMs: number): number;
  throttled(nowMs: number): void;
  result(name: string): void;
  fault(name: string): void;
  /** @returns how often it was asked, with this time */
  asked(digest: number): number;
  answered(digest: number): void;
  /** Of a question, a name or a number. */
  digestOf(text: string): number;
  read(): Counts;
  stop(): void;
}

const bump = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

export const createCounter = (nowMs: () => number): Counter => {
  const startedAt = new Date(nowMs()).toISOString();
  const key = randomBytes(32);
  const seconds = new Map<number, { requests: number; throttled: number }>();
  const results = new Map<string, number>();
  const faults = new Map<string, number>();
  const questions = new Map<number, number>();
  const stalls: { at: string; ms: number }[] = [];
  let requests = 0;
  let connections = 0;

  let lookedAtMs = performance.now();
  const watch = setInterval(() => {
    const late = performance.now() - lookedAtMs - WATCH_EVERY_MS;
    lookedAtMs = performance.now();
    if (late > STALL_MS && stalls.length < MOST_STALLS)
      stalls.push({ at: new Date(nowMs() - late).toISOString(), ms: Math.round(late) });
  }, WATCH_EVERY_MS);
  watch.unref();

  const secondOf = (atMs: number) => {
    const second = Math.floor(atMs / 1_000);
    const found = seconds.get(second) ?? { requests: 0, throttled: 0 };
    seconds.set(second, found);
    return found;
  };
  const repeated = (count: (value: number) => number): Record<string, number> =>
    Object.fromEntries(
      [...questions]
        .filter(([, value]) => count(value) > 1)
        .map(([digest, value]) => [digest.toString(16).padStart(13, '0'), count(value)]),
    );

  return {
    connected() {
      connections += 1;
    },
    arrived(atMs) {
      requests += 1;
      const second = secondOf(atMs);
      second.requests += 1;
      return second.requests;
    },
    throttled(atMs) {
      secondOf(atMs).throttled += 1;
    },
    result: (name) => bump(results, name),
    fault: (name) => bump(faults, name),
    asked(digest) {
      const value = (questions.get(digest) ?? 0) + 1;
      questions.set(digest, value);
      return value % ANSWERED;
    },
    answered(digest) {
      questions.set(digest, (questions.get(digest) ?? 0) + ANSWERED);
    },
    digestOf(text) {
      const bytes = createHmac('sha256', key).update(text).digest();
      // 52 bits: a number of JavaScript holds it exactly.
      return bytes.readUIntBE(0, 6) * 16 + (bytes.readUInt8(6) & 15);
    },
    read: () => ({
      startedAt,
      requests,
      connections,
      perSecond: [...seconds].map(([second, count]) => ({ second, ...count })),
      results: Object.fromEntries(results),
      faults: Object.fromEntries(faults),
      questions: questions.size,
      askedMoreThanOnce: repeated((value) => value % ANSWERED),
      answeredMoreThanOnce: repeated((value) => Math.floor(value / ANSWERED)),
      stalls,
    }),
    stop: () => clearInterval(watch),
  };
};

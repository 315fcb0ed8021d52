/** `node operator/setup/answers-main.ts`: runs in `helm test`. Waits until all parts answer, and names those that do not. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Asked, askedOf, problemOf } from './answers.ts';

const AGAIN_AFTER_MS = 1_000;
/** The database's probe takes up to four of them. */
const ANSWER_WITHIN_MS = 5_000;
/** Less than the pod's deadline, so that the last problem is still reported. */
const GIVE_UP_AFTER_MS = 120_000;

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

/** Why it does not answer, undefined when it does. */
const ask = async (asked: Asked): Promise<string | undefined> => {
  try {
    const answer = await fetch(asked.url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return problemOf(asked, answer.status, await answer.text());
  } catch (error) {
    return reasonOf(error);
  }
};

const waitFor = async (asked: Asked, signal: AbortSignal): Promise<boolean> => {
  for (;;) {
    const problem = await ask(asked);
    if (problem === undefined) {
      console.log(`ok       ${asked.what}`);
      return true;
    }
    if (signal.aborted) {
      console.error(`NO ANSWER ${asked.what}: ${problem}`);
      return false;
    }
    await delay(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
};

const environment = z.object({
  VOUCHER_OPERATOR_URL: z.url(),
  VOUCHER_JOURNAL_MONITOR_URLS: z.string().default(''),
  VOUCHER_POSTGRES_PROBE_URL: z.string().default(''),
});

const env = environment.parse(process.env);
const signal = AbortSignal.timeout(GIVE_UP_AFTER_MS);
const answered = await Promise.all(
  askedOf({
    operatorUrl: env.VOUCHER_OPERATOR_URL,
    journalMonitorUrls: env.VOUCHER_JOURNAL_MONITOR_URLS.split(',').filter((url) => url !== ''),
    postgresProbeUrl: env.VOUCHER_POSTGRES_PROBE_URL,
  }).map((asked) => waitFor(asked, signal)),
);
process.exitCode = answered.every((one) => one) ? 0 : 1;

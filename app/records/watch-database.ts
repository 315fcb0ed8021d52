/** Looks at the database now and then, and puts what is known of it on the metrics page. */
import { setTimeout as delay } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import type { DatabaseHealth } from './database-health.ts';
import type { DatabaseTrouble } from './ports.ts';

/** Undefined: it answers, takes writes and has the tables. Never rejects, and takes no longer than its signal. */
export type LookAtDatabase = (signal: AbortSignal) => Promise<DatabaseTrouble | undefined>;

const LOOK_EVERY_MS = 2_000;
/** Whether it was one unlucky look is worth knowing soon. */
const LOOK_AGAIN_MS = 500;
/** A frozen server takes the connection and never says a word. */
const ANSWER_WITHIN_MS = 1_500;

export const exportInHand = (registry: Registry, health: DatabaseHealth, monotonicMs: () => number): void => {
  new Gauge({
    name: METRICS.recordsInHand,
    help: 'For how long the batch that waits longest has waited for its commit; 0 without one.',
    registers: [registry],
    collect() {
      this.set(health.inHandSeconds(monotonicMs()));
    },
  });
};

/** Like the work, but `silent` at the deadline at the latest: a frozen server says nothing to an abort either. */
const inTime = async (look: LookAtDatabase, signal: AbortSignal): Promise<DatabaseTrouble | undefined> => {
  const late = Promise.withResolvers<DatabaseTrouble>();
  const timer = setTimeout(() => late.resolve('silent'), ANSWER_WITHIN_MS);
  try {
    return await Promise.race([look(signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** Ends with the signal. */
export const watchDatabase = async (
  look: LookAtDatabase,
  health: DatabaseHealth,
  monotonicMs: () => number,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const askedAtMs = monotonicMs();
    const trouble = await inTime(look, signal);
    if (signal.aborted) return;
    if (trouble === undefined) health.answered(monotonicMs());
    else health.lookFailed(trouble, askedAtMs);
    await delay(trouble === undefined ? LOOK_EVERY_MS : LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
};

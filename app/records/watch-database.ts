/** Looks at the database now and then, and puts what is known of it on the metrics page. */
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
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

/** Ends with the signal. */
export const watchDatabase = async (
  look: LookAtDatabase,
  health: DatabaseHealth,
  monotonicMs: () => number,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const askedAtMs = monotonicMs();
    // A frozen server says nothing to an abort either.
    const trouble = await within(systemClock, ANSWER_WITHIN_MS, signal, look).catch(() => 'silent' as const);
    if (signal.aborted) return;
    if (trouble === undefined) health.answered(monotonicMs());
    else health.lookFailed(trouble, askedAtMs);
    await sleep(systemClock, trouble === undefined ? LOOK_EVERY_MS : LOOK_AGAIN_MS, signal);
  }
};

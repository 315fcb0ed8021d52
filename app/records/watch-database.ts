/** Checks the database regularly. */
import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { DatabaseHealth } from './database-health.ts';
import type { DatabaseTrouble } from './ports.ts';

/** Undefined: it answers, accepts writes and has the tables. Never rejects, and ends with its signal. */
export type LookAtDatabase = (signal: AbortSignal) => Promise<DatabaseTrouble | undefined>;

const LOOK_EVERY_MS = 2_000;
/** After a failure: one failed check is not enough. */
const LOOK_AGAIN_MS = 500;
/** A frozen server accepts the connection and never answers. */
const ANSWER_WITHIN_MS = 1_500;

export const exportInHand = (registry: Registry, health: DatabaseHealth, monotonicMs: () => number): void => {
  sampledGauge(registry, metric(METRICS.recordsInHand), () => [[{}, health.inHandSeconds(monotonicMs())]]);
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
    const trouble = await within(systemClock, ANSWER_WITHIN_MS, signal, look).catch(() => 'silent' as const);
    if (signal.aborted) return;
    if (trouble === undefined) health.answered(monotonicMs());
    else health.lookFailed(trouble, askedAtMs);
    await sleep(systemClock, trouble === undefined ? LOOK_EVERY_MS : LOOK_AGAIN_MS, signal);
  }
};

/** What a role gets from the pod's shell, and what it gives back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { AppConfig } from '../../operator/api/app-contract.ts';
import type { DataPlane, PodConfig } from '../config.ts';
import type { Logger } from '../log.ts';

export interface RoleContext {
  readonly pod: PodConfig;
  readonly config: AppConfig;
  readonly dataPlane: DataPlane;
  readonly registry: Registry;
  readonly log: Logger;
  /** Fires when a start that is still under way must end. */
  readonly starting: AbortSignal;
}

export interface RunningRole {
  /** Finishes what is under way, within a bound of its own, and closes every connection. */
  drain(): Promise<void>;
}

export type StartRole = (context: RoleContext) => Promise<RunningRole>;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;

/** Tries until it works: what a pod needs may start after the pod. Rejects when the signal fires. */
export const untilItWorks = async <Result>(
  step: string,
  attempt: () => Promise<Result>,
  log: Logger,
  signal: AbortSignal,
): Promise<Result> => {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      log.warn({ step, attempt: failures + 1, error }, 'not yet; trying again');
    }
    await delay(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), undefined, { signal });
  }
};

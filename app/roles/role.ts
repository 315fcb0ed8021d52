/** What a role gets from the pod's shell, and what it gives back. */
import type { Registry } from 'prom-client';
import type { SendCanary } from '../admin-server.ts';
import type { ProcessConfig } from '../config.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Logger } from '../log.ts';

export interface RoleContext {
  readonly config: ProcessConfig;
  readonly registry: Registry;
  /** Where a role says what it needs, before it begins to wait for it. */
  readonly dependencies: Dependencies;
  readonly log: Logger;
  /** Fires when a start that is still under way must end. */
  readonly starting: AbortSignal;
}

export interface RunningRole {
  readonly canary?: SendCanary;
  /** Finishes what is under way, within a bound of its own, and closes every connection. */
  drain(): Promise<void>;
}

export type StartRole = (context: RoleContext) => Promise<RunningRole>;

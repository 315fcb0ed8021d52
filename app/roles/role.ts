/** What a role gets from app/main.ts, and what it returns. */
import type { Registry } from 'prom-client';
import type { DifferencesReport } from '../../contract/compare.ts';
import type { SendCanary } from '../admin-server.ts';
import type { ProcessConfig } from '../config.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Logger } from '../log.ts';
import type { AnswerReview } from '../review/review.ts';
import type { Tracing } from '../tracing/spans.ts';

export interface RoleContext {
  readonly config: ProcessConfig;
  readonly registry: Registry;
  /** A role registers its dependencies before it waits for them. */
  readonly dependencies: Dependencies;
  readonly log: Logger;
  /** Absent: no traces. */
  readonly tracing?: Tracing;
  /** Ends a start that is still under way. */
  readonly starting: AbortSignal;
}

export interface RunningRole {
  readonly canary?: SendCanary;
  readonly review?: AnswerReview;
  /** Why it should get no traffic now; undefined: it may. */
  readonly problem?: () => string | undefined;
  /** Finishes work under way, within a time limit, and closes every connection. */
  drain(): Promise<void>;
}

export type StartRole = (context: RoleContext) => Promise<RunningRole>;

/** Resolves when the work is done, which may be repeated at any time; rejects otherwise, and with the signal. */
export type RunJob = (context: {
  readonly config: ProcessConfig;
  readonly log: Logger;
  readonly registry: Registry;
  /** What its admin port answers; only for a Job that is watched (contract/jobs.ts). */
  readonly differences: (report: () => DifferencesReport) => void;
  readonly signal: AbortSignal;
}) => Promise<void>;

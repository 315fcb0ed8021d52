/** What pods report about journal and database, summed up over a tier: input of conditions. Pure data. */
import type { DatabaseState, JournalStateOfPod } from '../../contract/dependency.ts';

export interface FailingPods<State extends string> {
  readonly state: State;
  readonly pods: number;
  /** Name of one of them: the first by name. */
  readonly example: string;
  /** For how long, at the pod that has had it longest. */
  readonly seconds: number;
}

export type JournalTrouble = Exclude<JournalStateOfPod, 'answers' | 'unknown'>;
export type DatabaseTrouble = Exclude<DatabaseState, 'answers' | 'unknown'>;

/** Of intake pods, each with its own credentials. Of Ready pods, where there are any. */
export interface IntakesView {
  readonly pods: number;
  /** Those that know; the others have not asked the journal yet. */
  readonly known: number;
  readonly failing: readonly FailingPods<JournalTrouble>[];
  /** Registrations of the last seconds that were stored, and that were not. */
  readonly stored: number;
  readonly failed: number;
  /** The most keys of the privacy Secret in the mount of one of them. Absent: not all report it. */
  readonly privacyKeys?: number;
}

/** Of records pods, each with its own credentials. Of Ready pods, where there are any. */
export interface WorkersView {
  readonly pods: number;
  readonly known: number;
  readonly database: readonly FailingPods<DatabaseTrouble>[];
  readonly journal: readonly FailingPods<JournalTrouble>[];
  /** How long the batch that waits longest has waited for its commit. */
  readonly inHandSeconds: number;
}

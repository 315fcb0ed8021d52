/** State in which a process finds a dependency, by its own work and with its own credentials. */

export interface Found {
  /** A word of JOURNAL_STATES or DATABASE_STATES. */
  readonly state: string;
  /** For how long. */
  readonly seconds: number;
}

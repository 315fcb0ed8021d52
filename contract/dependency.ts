/** State in which a process finds a dependency, by its own work and with its own credentials. */

export interface Found {
  /** A word of JOURNAL_STATES or DATABASE_STATES. */
  readonly state: string;
  /** For how long. */
  readonly seconds: number;
}

/**
 * State in which a process finds the journal. unknown: not asked yet. credentials: user, password or a permission is refused.
 * disconnected: no server accepts the connection. no_leader: no server accepts messages. silent: no answer. full: no room.
 */
export const JOURNAL_STATES = [
  'answers',
  'unknown',
  'credentials',
  'disconnected',
  'no_leader',
  'silent',
  'full',
] as const;
export type JournalStateOfPod = (typeof JOURNAL_STATES)[number];

/**
 * State in which a process finds the database. silent: connected or connecting, but no answer. unreachable: the connection is
 * refused or cut. starting: starting, recovering or shutting down. connections: no free connection. missing: no such database,
 * or no tables in it. failing: commits fail for another reason.
 */
export const DATABASE_STATES = [
  'answers',
  'unknown',
  'silent',
  'unreachable',
  'starting',
  'connections',
  'disk_full',
  'read_only',
  'credentials',
  'certificate',
  'missing',
  'failing',
] as const;
export type DatabaseState = (typeof DATABASE_STATES)[number];

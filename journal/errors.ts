/**
 * Kinds of errors of the journal. Codes are nats-server's (server/errors.json, 2.15.2).
 *
 * | kind        | code or name | remedy |
 * |-------------|--------------|--------|
 * | capacity    | 10002 account limits, 10023 insufficient resources, 10028 memory, 10047 storage, 10122 stream bytes, 10077 where it carries "maximum bytes exceeded", 10005 where it says "insufficient storage" | room |
 * | disabled    | 10076 not enabled, 10039 not for this account | enable it; on one server only: it closed its store |
 * | notFound    | 10014, 10059 | – |
 * | unavailable | everything else: no leader, no server, no answer | the servers |
 *
 * A conflict is no error, but an answer of ensure.ts.
 */
import { JetStreamApiError } from '@nats-io/jetstream';

export type JournalErrorKind = 'capacity' | 'disabled' | 'notFound' | 'unavailable';

const CAPACITY: ReadonlySet<number> = new Set([10_002, 10_023, 10_028, 10_047, 10_077, 10_122]);
const NO_PEERS = 10_005;
const DISABLED: ReadonlySet<number> = new Set([10_039, 10_076]);
const NOT_FOUND: ReadonlySet<number> = new Set([10_014, 10_059]);

/** Of a publish that expects a last sequence: the subject has another one, or another message for it is under way. */
export const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([10_071, 10_164]);

export const kindOfCode = (code: number, description = ''): JournalErrorKind => {
  if (CAPACITY.has(code)) return 'capacity';
  // An offline peer gives the same code: then room is not the problem.
  if (code === NO_PEERS && /insufficient storage/.test(description) && !/peer offline/.test(description)) {
    return 'capacity';
  }
  if (DISABLED.has(code)) return 'disabled';
  return NOT_FOUND.has(code) ? 'notFound' : 'unavailable';
};

/** Thrown before a request: servers that have just met grant more room than they have. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

export const kindOfError = (error: unknown): JournalErrorKind =>
  error instanceof NoRoomError
    ? 'capacity'
    : error instanceof JetStreamApiError
      ? kindOfCode(error.code, error.message)
      : 'unavailable';

/** Adds what was asked: `timeout` alone does not help. */
export const about = async <T>(what: string, asked: Promise<T>): Promise<T> => {
  try {
    return await asked;
  } catch (error) {
    // The server's own errors stay unchanged, because their code decides what follows.
    if (error instanceof JetStreamApiError) throw error;
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
};

/** Undefined for what does not exist. */
export const orUndefined = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (kindOfError(error) === 'notFound') return undefined;
    throw error;
  }
};

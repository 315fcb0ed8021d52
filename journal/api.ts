/** The API of JetStream for managing streams and reading single messages: opened once, and refused at once while disconnected. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { abortable } from '../runtime/abortable.ts';
import type { JournalConnection } from './connection.ts';

/** Of one request; the client's default is 5 s. */
export const API_WITHIN_MS = 3_000;

/** @throws Error while no server can be reached, and the signal's reason */
export type JournalApi = (signal: AbortSignal) => Promise<JetStreamManager>;

/** The client would keep a request until it is connected again. @throws Error while no server can be reached */
export const assertConnected = (connection: JournalConnection, signal: AbortSignal): void => {
  signal.throwIfAborted();
  if (!connection.isConnected()) throw new Error('no journal server can be reached');
};

export const createJournalApi = (connection: JournalConnection): JournalApi => {
  let opening: Promise<JetStreamManager> | undefined;
  return async (signal) => {
    assertConnected(connection, signal);
    opening ??= jetstreamManager(connection.nats, { checkAPI: false, timeout: API_WITHIN_MS });
    return abortable(opening, signal);
  };
};

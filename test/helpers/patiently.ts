/**
 * Repeats a request to a journal that can't answer yet, as the operator does at its next tick: new servers count each other
 * as offline, a new stream has no leader, and a leader can change at any time.
 */
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { JournalAdmin, JournalSpec, JournalState } from '../../journal/administration.ts';
import { eventually } from './eventually.ts';

/** nats-server's codes (server/errors.json) for too few servers that are known to be there, and for no leader. */
const PASSING_CODES = new Set([10_005, 10_008, 10_009]);
/** Of the client's errors: no responders, which it calls "not enabled" where JetStream was asked, and no answer in time. */
const PASSING_NAMES = new Set(['JetStreamNotEnabled', 'NoRespondersError', 'RequestError', 'TimeoutError']);
const NOT_FOUND_CODES = new Set([10_014, 10_059]);

const codeOf = (error: unknown): number => (error instanceof JetStreamApiError ? error.code : 0);

const isPassing = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  // The last one is our own reader's.
  return (
    PASSING_CODES.has(codeOf(error)) || PASSING_NAMES.has(error.name) || error.message.includes(' has no leader now')
  );
};

interface Asked<T> {
  readonly value?: T;
  readonly error?: unknown;
}

/**
 * @param ask the same request at each attempt; every error except "no answer yet" is thrown at once
 * @throws Error when there is no answer within half a minute, with the last error as its cause
 */
export const patiently = async <T>(what: string, ask: (attempt: number) => Promise<T>): Promise<T> => {
  let attempt = 0;
  const once = async (): Promise<Asked<T>> => {
    attempt += 1;
    try {
      return { value: await ask(attempt) };
    } catch (error) {
      if (isPassing(error)) throw error;
      return { error };
    }
  };
  const asked = await eventually(once, { what: `an answer to ${what}` });
  if ('error' in asked) throw asked.error;
  return asked.value as T;
};

/** The first state of a journal that is an answer: `ready` or `conflict`. */
export const ensured = (admin: JournalAdmin, spec: JournalSpec): Promise<JournalState> =>
  eventually(
    async () => {
      const state = await admin.ensure(spec, new AbortController().signal);
      if (state.kind === 'unavailable') throw new Error(state.message);
      return state;
    },
    { what: `the journal of ${spec.campaignId}` },
  );

/** A first attempt without an answer may have been carried out. */
const isGoneAlready = (name: string, attempt: number, error: unknown): boolean =>
  name === 'delete' && attempt > 1 && NOT_FOUND_CODES.has(codeOf(error));

/** These answer at once, with a lister whose pages are asked for. */
const LISTS = new Set(['names', 'list']);

/** Every method asks patiently; all but the lists answer by a promise. */
const patientGroup = <T extends object>(group: T): T =>
  new Proxy(group, {
    get(_, property) {
      const method: unknown = Reflect.get(group, property, group);
      if (typeof property === 'symbol' || typeof method !== 'function') return method;
      const call = (args: readonly unknown[]) => Reflect.apply(method, group, args);
      if (LISTS.has(property)) return (...args: readonly unknown[]) => patientGroup(call(args));
      return (...args: readonly unknown[]) =>
        patiently(property, async (attempt) => {
          try {
            return await call(args);
          } catch (error) {
            if (isGoneAlready(property, attempt, error)) return true;
            throw error;
          }
        });
    },
  });

/** Its streams and consumers ask patiently. */
export const patientManager = (manager: JetStreamManager): JetStreamManager => {
  const groups = { streams: patientGroup(manager.streams), consumers: patientGroup(manager.consumers) };
  return new Proxy(manager, {
    get: (_, property) => Reflect.get(property in groups ? groups : manager, property),
  });
};
